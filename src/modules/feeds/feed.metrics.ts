import { Injectable } from '@nestjs/common';
import { type Counter, MetricFactory } from '../../infrastructure/metrics/metric-factory.js';
import type { Swept } from './feed.store.js';

/** What feeds tell operators. */
@Injectable()
export class FeedMetrics {
  private readonly deliveries: Counter<string>;
  private readonly sweptFeeds: Counter<string>;
  private readonly expired: Counter<string>;
  private readonly dropped: Counter<string>;
  private readonly sweepSeconds: Counter<string>;

  constructor(metrics: MetricFactory) {
    this.deliveries = metrics.counter('feed_deliveries_total', 'Posts put into feeds by fan-out');
    this.sweptFeeds = metrics.counter('feed_sweep_feeds_total', 'Feeds that the sweep looked at');
    this.expired = metrics.counter('feed_sweep_expired_total', 'Entries that the sweep took out of feeds');
    this.dropped = metrics.counter('feed_sweep_dropped_total', 'Idle feeds that the sweep removed');
    this.sweepSeconds = metrics.counter(
      'feed_sweep_redis_seconds_total',
      'Time that the sweep took of nodes of Redis at most',
    );
  }

  swept({ feeds, entries, dropped, seconds }: Swept & { feeds: number; seconds: number }): void {
    this.sweptFeeds.inc(feeds);
    this.expired.inc(entries);
    this.dropped.inc(dropped);
    this.sweepSeconds.inc(seconds);
  }

  delivered(feeds: number): void {
    this.deliveries.inc(feeds);
  }
}
