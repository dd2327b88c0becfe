import { Injectable } from '@nestjs/common';
import { CacheMetrics } from '../../infrastructure/metrics/cache.metrics.js';
import { type Counter, MetricFactory } from '../../infrastructure/metrics/metric-factory.js';

/** What the reading of feeds tells operators. */
@Injectable()
export class FeedReadMetrics {
  private readonly degradedPages: Counter<string>;

  constructor(
    metrics: MetricFactory,
    private readonly caches: CacheMetrics,
  ) {
    this.degradedPages = metrics.counter(
      'feed_degraded_total',
      'Pages of feeds that were read from MySQL because Redis did not answer',
    );
  }

  /** The feed of a page was there, or had to be built first. */
  looked(result: 'hit' | 'miss'): void {
    this.caches.looked('feeds', result, 1);
  }

  degraded(): void {
    this.degradedPages.inc();
    this.caches.looked('feeds', 'unavailable', 1);
  }
}
