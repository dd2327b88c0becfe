import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter } from './metric-factory.js';

/** How well Redis serves what MySQL could tell too, cache by cache. */
@Injectable()
export class CacheMetrics {
  private readonly lookups: Counter<'cache' | 'result'>;

  constructor(metrics: MetricFactory) {
    this.lookups = metrics.counter('cache_lookups_total', 'Things looked up in a cache', ['cache', 'result']);
  }

  /** `unavailable`: Redis gave no answer. A feed that is missing is built. */
  looked(cache: 'posts' | 'post_counts' | 'feeds', result: 'hit' | 'miss' | 'unavailable', count: number): void {
    this.lookups.inc({ cache, result }, count);
  }
}
