import { Injectable } from '@nestjs/common';
import calculateSlot from 'cluster-key-slot';
import { traced } from '../tracing/span.js';
import { CLUSTER, RedisBreakers } from './redis-breakers.js';
import { RedisClients } from './redis-clients.js';
import { RedisUnavailableError, withinDeadline } from './redis-unavailable.error.js';
import { RequestBudgets } from './request-budgets.js';

const REDIS = { 'db.system.name': 'redis' };

/** For libraries that talk to Redis by themselves on the request's path: the same budget and the same breakers as for stores. */
@Injectable()
export class RequestGuard {
  constructor(
    private readonly clients: RedisClients,
    private readonly breakers: RedisBreakers,
    private readonly budgets: RequestBudgets,
  ) {}

  /**
   * Waits for work that concerns one key.
   *
   * @param work rejects only when Redis did not answer
   * @throws RedisUnavailableError when there is no answer in time, or none is to be expected
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const budget = this.budgets.current;
    const { leftMs } = budget;
    if (leftMs <= 0) throw new RedisUnavailableError('the request has waited for Redis long enough');
    const node = this.clients.for('request').slots[calculateSlot(key)]?.[0] ?? CLUSTER;
    return budget.spend(() =>
      this.breakers.within('request', node, leftMs, (ms) => withinDeadline(traced('redis', REDIS, work), ms)),
    );
  }
}
