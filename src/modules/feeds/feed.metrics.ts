import { Injectable } from '@nestjs/common';
import { type Counter, type Histogram, MetricFactory } from '../../infrastructure/metrics/metric-factory.js';
import type { Repaired } from './feed-audit.store.js';
import type { Swept } from './feed.store.js';

/** What feeds tell operators. */
@Injectable()
export class FeedMetrics {
  private readonly deliveries: Counter<string>;
  private readonly sweptFeeds: Counter<string>;
  private readonly expired: Counter<string>;
  private readonly dropped: Counter<string>;
  private readonly sweepSeconds: Counter<string>;
  private readonly auditedFeeds: Counter<string>;
  private readonly sizes: Histogram<never>;
  private readonly drift: Counter<'kind'>;

  constructor(metrics: MetricFactory) {
    this.deliveries = metrics.counter(
      'feed_deliveries_total',
      'Feeds that exist and that fan-out has brought a post to, new to them or not',
    );
    this.sweptFeeds = metrics.counter('feed_sweep_feeds_total', 'Feeds that the sweep looked at');
    this.expired = metrics.counter('feed_sweep_expired_total', 'Entries that the sweep took out of feeds');
    this.dropped = metrics.counter('feed_sweep_dropped_total', 'Idle feeds that the sweep removed');
    this.sweepSeconds = metrics.counter(
      'feed_sweep_redis_seconds_total',
      'Time that the sweep took of nodes of Redis at most',
    );
    this.auditedFeeds = metrics.counter('feed_audit_feeds_total', 'Feeds that the audit compared with MySQL');
    this.sizes = metrics.histogram(
      'feed_entries',
      'Entries of a feed when the audit looks at it',
      [],
      [0, 10, 50, 100, 200, 400, 800, 1_600],
    );
    this.drift = metrics.counter(
      'feed_drift_entries',
      'Entries that the audit put into feeds because they were missing, or took out because they were surplus',
      ['kind'],
    );
    this.drifted({ missing: 0, surplus: 0 }); // a series that is not there cannot rise
  }

  /** @param sizes entries of each feed */
  audited(sizes: readonly number[]): void {
    this.auditedFeeds.inc(sizes.length);
    for (const size of sizes) this.sizes.observe(size);
  }

  /** @param entries that were put in because they were missing, and taken out because they were too much */
  drifted({ missing, surplus }: Repaired): void {
    this.drift.inc({ kind: 'missing' }, missing);
    this.drift.inc({ kind: 'surplus' }, surplus);
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
