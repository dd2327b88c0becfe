import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter } from '../../infrastructure/metrics/metric-factory.js';

/** How well the cache of posts serves. */
@Injectable()
export class PostsMetrics {
  private readonly lookups: Counter<'cache' | 'result'>;

  constructor(metrics: MetricFactory) {
    this.lookups = metrics.counter('cache_lookups_total', 'Things looked up in a cache', ['cache', 'result']);
  }

  read(hits: number, misses: number): void {
    this.lookups.inc({ cache: 'posts', result: 'hit' }, hits);
    this.lookups.inc({ cache: 'posts', result: 'miss' }, misses);
  }

  /** Redis gave no answer. */
  withoutCache(count: number): void {
    this.lookups.inc({ cache: 'posts', result: 'unavailable' }, count);
  }
}
