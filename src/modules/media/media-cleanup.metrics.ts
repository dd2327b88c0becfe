import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter } from '../../infrastructure/metrics/metric-factory.js';

/** What is removed of the store. */
@Injectable()
export class MediaCleanupMetrics {
  private readonly removals: Counter<'outcome'>;

  constructor(metrics: MetricFactory) {
    this.removals = metrics.counter('media_objects_removed_total', 'Objects of the store that nothing showed', [
      'outcome',
    ]);
  }

  /** @param refused how many the store would not remove */
  removed(removed: number, refused: number): void {
    this.removals.inc({ outcome: 'removed' }, removed);
    this.removals.inc({ outcome: 'refused' }, refused);
  }
}
