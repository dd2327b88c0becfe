import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter } from '../../infrastructure/metrics/metric-factory.js';

/** What becomes of changes of the counts that Redis keeps. */
@Injectable()
export class PostCountsMetrics {
  private readonly increments: Counter<'result'>;

  constructor(metrics: MetricFactory) {
    this.increments = metrics.counter('post_count_increments_total', 'Changes of counts brought to Redis', ['result']);
  }

  /** `absent`: no counts were kept. `late`: given up, because it came too long after the change. */
  incremented(result: 'applied' | 'absent' | 'unavailable' | 'late', count: number): void {
    this.increments.inc({ result }, count);
  }
}
