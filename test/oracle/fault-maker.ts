import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/settle.js';
import type { TestDatabase } from '../support/test-database.js';
import type { Deployment } from './deployment.js';
import type { Fault } from './course.js';
import type { Random } from './random.js';
import type { RedisNodes } from './redis-nodes.js';

/** Share of a round after which a fault strikes: what fails before anything is under way harms nothing. */
const UNDER_WAY = 0.1;
/** Jobs that wait until a worker fails. It takes most of them at once, so that it fails in the midst of them. */
const BACKLOG = 20;
/** Of those, so many must have been taken. */
const TAKEN = 5;
/** Longer than `OUTBOX_LEASE`: another worker has the jobs by then. */
const FROZEN_MS = 2_500;
const WORKERS = 2;

/** Has processes and nodes fail while users do things. */
export class FaultMaker {
  constructor(
    private readonly deployment: Deployment,
    private readonly redis: RedisNodes,
    private readonly database: TestDatabase,
  ) {}

  /** @param shareDone how much of the round's operations has been done, from 0 to 1 */
  async strike(fault: Fault, random: Random, shareDone: () => number): Promise<void> {
    if (fault === 'none') return;
    const choose = <T>(items: readonly T[]): T => random.pick(items);
    await until(() => shareDone() >= UNDER_WAY, { what: 'the round to be under way', timeoutMs: 60_000 });
    if (fault === 'api killed') return this.deployment.replace('main');
    if (fault === 'redis failover') return this.redis.failOver(choose);
    if (fault === 'redis flushed') return this.redis.flush(choose);
    await this.giveWorkersMuchToDo(() => shareDone() >= 1);
    if (fault === 'worker killed') return this.deployment.replace('worker');
    await this.deployment.whileFrozen('worker', 1, () => pause(FROZEN_MS));
  }

  /** Ends when workers are in the midst of many jobs, or when there are no more to be expected. */
  private async giveWorkersMuchToDo(isOver: () => boolean): Promise<void> {
    await this.deployment.whileFrozen('worker', WORKERS, () =>
      until(async () => isOver() || (await this.jobs('TRUE')) >= BACKLOG, { what: 'a backlog', timeoutMs: 60_000 }),
    );
    await until(async () => isOver() || (await this.jobs('lease_token IS NOT NULL')) >= TAKEN, {
      what: 'workers to take jobs',
      timeoutMs: 60_000,
    });
  }

  private async jobs(condition: string): Promise<number> {
    const [row] = await this.database.query<{ jobs: string }>(
      `SELECT COUNT(*) AS jobs FROM outbox_events WHERE state = 'pending' AND ${condition}`,
    );
    return Number(row!.jobs);
  }
}
