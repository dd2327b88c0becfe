import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter } from '../../infrastructure/metrics/metric-factory.js';

/** How well Redis serves the counts of posts. */
@Injectable()
export class PostCountsMetrics {
  private readonly lookups: Counter<'result'>;
  private readonly increments: Counter<'result'>;

  constructor(metrics: MetricFactory) {
    this.lookups = metrics.counter('post_count_lookups_total', 'Counts of posts looked up in Redis', ['result']);
    this.increments = metrics.counter('post_count_increments_total', 'Changes of counts brought to Redis', ['result']);
  }

  read(result: 'hit' | 'miss' | 'unavailable', count: number): void {
    this.lookups.inc({ result }, count);
  }

  /** `absent`: no counts were kept. `late`: given up, because it came too long after the change. */
  incremented(result: 'applied' | 'absent' | 'unavailable' | 'late', count: number): void {
    this.increments.inc({ result }, count);
  }
}
