import { Injectable } from '@nestjs/common';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { Clock } from '../../common/clock.js';
import { MetricFactory, type Counter, type Histogram } from '../../infrastructure/metrics/metric-factory.js';
import { CountChecksRepository } from './count-checks.repository.js';
import { CountFlushRepository } from './count-flush.repository.js';

/** Checks are counted up to here; so many mean that Redis has not answered for long. */
const MAX_COUNTED = 1_000;

/** What the writing back of counts tells operators. */
@Injectable()
export class CountFlushMetrics {
  private readonly changes: Counter<never>;
  private readonly posts: Counter<never>;
  private readonly delay: Histogram<never>;
  private readonly checks: Counter<'result'>;

  constructor(
    metrics: MetricFactory,
    private readonly flush: CountFlushRepository,
    private readonly pending: CountChecksRepository,
    private readonly clock: Clock,
  ) {
    this.changes = metrics.counter('post_count_flushed_changes_total', 'Changes of counts that were written back', []);
    this.posts = metrics.counter('post_count_flushed_posts_total', 'Counts of posts that were written back', []);
    this.delay = metrics.histogram(
      'post_count_flush_delay_seconds',
      'Age of the oldest change when a batch is written back',
      [],
      [0.1, 0.5, 1, 2, 3, 5, 10, 30, 60, 300],
    );
    this.checks = metrics.counter('post_count_checks_total', 'Counts in Redis compared with MySQL', ['result']);
    const lagSeconds = (): Promise<number> => this.lagSeconds();
    metrics.gauge(
      'post_count_flush_lag_seconds',
      'Age of the oldest change that is not written back',
      [],
      async function () {
        this.set(await lagSeconds());
      },
    );
    const pendingChecks = (): Promise<number> => this.pendingChecks();
    metrics.gauge(
      'post_count_checks_pending',
      `Checks that are to be done, up to ${MAX_COUNTED}`,
      [],
      async function () {
        this.set(await pendingChecks());
      },
    );
  }

  flushed(posts: number, changes: number, oldestMs: number): void {
    this.posts.inc(posts);
    this.changes.inc(changes);
    this.delay.observe(oldestMs / 1_000);
  }

  checked(right: number, corrected: number): void {
    this.checks.inc({ result: 'right' }, right);
    this.checks.inc({ result: 'corrected' }, corrected);
  }

  @Transactional({ readOnly: true })
  private async lagSeconds(): Promise<number> {
    const oldest = await this.flush.oldest();
    return oldest ? Math.max(0, this.clock.nowMs() - oldest.getTime()) / 1_000 : 0;
  }

  @Transactional({ readOnly: true })
  private pendingChecks(): Promise<number> {
    return this.pending.pending(MAX_COUNTED);
  }
}
