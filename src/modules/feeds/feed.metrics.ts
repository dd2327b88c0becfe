import { Injectable } from '@nestjs/common';
import { type Counter, MetricFactory } from '../../infrastructure/metrics/metric-factory.js';

/** What feeds tell operators. */
@Injectable()
export class FeedMetrics {
  private readonly deliveries: Counter<string>;

  constructor(metrics: MetricFactory) {
    this.deliveries = metrics.counter('feed_deliveries_total', 'Posts put into feeds by fan-out');
  }

  delivered(feeds: number): void {
    this.deliveries.inc(feeds);
  }
}
