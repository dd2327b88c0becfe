import { Injectable } from '@nestjs/common';
import { type Counter, MetricFactory } from '../../infrastructure/metrics/metric-factory.js';

/** What the reading of feeds tells operators. */
@Injectable()
export class FeedReadMetrics {
  private readonly degradedPages: Counter<string>;

  constructor(metrics: MetricFactory) {
    this.degradedPages = metrics.counter(
      'feed_degraded_total',
      'Pages of feeds that were read from MySQL because Redis did not answer',
    );
  }

  degraded(): void {
    this.degradedPages.inc();
  }
}
