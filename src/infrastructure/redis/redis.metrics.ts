import { Injectable } from '@nestjs/common';
import { type Counter, type Gauge, MetricFactory } from '../metrics/metric-factory.js';
import type { BreakerState } from '../resilience/circuit-breaker.js';
import type { RedisTraffic } from './redis-clients.js';

const LEVEL: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** What talking to Redis tells operators. */
@Injectable()
export class RedisMetrics {
  private readonly states: Gauge<'node' | 'traffic'>;
  private readonly transitions: Counter<'node' | 'traffic' | 'to'>;
  private readonly rejections: Counter<'node' | 'traffic'>;
  private readonly retries: Counter<'method'>;
  private readonly failures: Counter<'method'>;

  constructor(metrics: MetricFactory) {
    const labels = ['node', 'traffic'] as const;
    this.states = metrics.gauge('redis_breaker_state', 'Circuit breaker: 0 closed, 1 half open, 2 open', labels);
    this.transitions = metrics.counter('redis_breaker_transitions_total', 'Changes of state of circuit breakers', [
      ...labels,
      'to',
    ]);
    this.rejections = metrics.counter('redis_rejected_total', 'Calls that an open breaker kept from a node', labels);
    this.retries = metrics.counter('redis_retries_total', 'Tries of store methods after the first', ['method']);
    this.failures = metrics.counter(
      'redis_unavailable_total',
      'Calls of store methods that ended without Redis, after all their tries',
      ['method'],
    );
  }

  breakerIs(node: string, traffic: RedisTraffic, state: BreakerState): void {
    this.states.set({ node, traffic }, LEVEL[state]);
    this.transitions.inc({ node, traffic, to: state });
  }

  /** The node is no part of the cluster any more. */
  breakerGone(node: string, traffic: RedisTraffic): void {
    this.states.remove({ node, traffic });
  }

  rejected(node: string, traffic: RedisTraffic): void {
    this.rejections.inc({ node, traffic });
  }

  retried(method: string): void {
    this.retries.inc({ method });
  }

  unavailable(method: string): void {
    this.failures.inc({ method });
  }
}
