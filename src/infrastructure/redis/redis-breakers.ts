import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CircuitBreaker, type BreakerState } from '../resilience/circuit-breaker.js';
import { RedisClients, type RedisTraffic } from './redis-clients.js';
import { RedisMetrics } from './redis.metrics.js';
import { RedisUnavailableError, withinDeadline } from './redis-unavailable.error.js';

/** Names the breaker of the client as a whole, for when it knows no cluster. */
export const CLUSTER = 'cluster';

/** A node that did not answer within less than this is not to blame: the request had hardly any time left for it. */
const JUDGED_FROM_MS = 50;

/** A node that is well answers within a millisecond. */
const PROBE_MS = 500;

/**
 * A circuit breaker a node, so that one that is away does not cut off the others; and for each kind of traffic by itself,
 * because their connections and their patience differ.
 */
@Injectable()
export class RedisBreakers implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisBreakers.name);
  private readonly breakers = new Map<string, CircuitBreaker>();

  constructor(
    private readonly clients: RedisClients,
    private readonly metrics: RedisMetrics,
  ) {}

  onApplicationShutdown(): void {
    for (const breaker of this.breakers.values()) breaker.shutdown();
    this.breakers.clear();
  }

  /**
   * Does work that concerns one node, unless its breaker is open.
   *
   * @param node `host:port`, or {@link CLUSTER}
   * @param leftMs how long there is time for it
   * @param work throws only when the connection failed
   * @throws RedisUnavailableError at once while the breaker is open; else what the work throws
   */
  async within<T>(traffic: RedisTraffic, node: string, leftMs: number, work: (ms: number) => Promise<T>): Promise<T> {
    this.admit(traffic, node);
    if (leftMs < JUDGED_FROM_MS) return work(Math.max(1, leftMs));
    return this.of(traffic, node).run(() => work(leftMs));
  }

  private admit(traffic: RedisTraffic, node: string): void {
    if ((this.breakers.get(keyOf(traffic, node))?.state ?? 'closed') === 'closed') return;
    this.metrics.rejected(node, traffic);
    throw new RedisUnavailableError(`${node} is left alone for a while, because it did not answer`);
  }

  private of(traffic: RedisTraffic, node: string): CircuitBreaker {
    const key = keyOf(traffic, node);
    let breaker = this.breakers.get(key);
    if (!breaker) {
      breaker = new CircuitBreaker({
        changed: (state) => this.tell(traffic, node, state),
        probe: () => this.probe(traffic, node),
      });
      this.breakers.set(key, breaker);
    }
    return breaker;
  }

  private tell(traffic: RedisTraffic, node: string, state: BreakerState): void {
    this.metrics.breakerIs(node, traffic, state);
    const details = { node, traffic };
    if (state === 'open') this.logger.warn(details, 'circuit breaker of a Redis node is open');
    else this.logger.log(details, `circuit breaker of a Redis node is ${state}`);
    // The node may have a successor that the client does not know of.
    if (state === 'open') this.clients.for(traffic).refreshSlotsCache();
  }

  private async probe(traffic: RedisTraffic, node: string): Promise<void> {
    const cluster = this.clients.for(traffic);
    if (node === CLUSTER) {
      if (cluster.status !== 'ready') throw new RedisUnavailableError('not connected to the cluster');
      return;
    }
    const connection = cluster.nodes('all').find(({ options: { host, port } }) => `${host}:${port}` === node);
    if (connection) {
      await withinDeadline(connection.ping(), PROBE_MS);
      return;
    }
    const isKnown = cluster.slots.some((owners) => owners?.includes(node));
    cluster.refreshSlotsCache(); // a connection that broke is forgotten until then
    if (isKnown || cluster.status !== 'ready') throw new RedisUnavailableError('no connection');
    this.forget(traffic, node);
  }

  private forget(traffic: RedisTraffic, node: string): void {
    const key = keyOf(traffic, node);
    this.breakers.get(key)?.shutdown();
    this.breakers.delete(key);
    this.metrics.breakerGone(node, traffic);
  }
}

const keyOf = (traffic: RedisTraffic, node: string): string => `${traffic} ${node}`;
