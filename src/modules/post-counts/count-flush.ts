import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { CHECK_AFTER_MS } from './count-check.js';
import { CountChecksRepository } from './count-checks.repository.js';
import { CountFlushMetrics } from './count-flush.metrics.js';
import { CountFlushRepository } from './count-flush.repository.js';
import { planFlush } from './post-counts.rules.js';

/** Changes of one transaction: a few milliseconds of work, and one update for a thousand likes of a post. */
const BATCH = 1_000;
/** Batches of one turn. More come in the next one, so that a worker that is asked to end does. */
const MAX_BATCHES = 100;

/** Writes changes back to the counts of posts. Any number of workers may do it at once. */
@Injectable()
export class CountFlush {
  constructor(
    private readonly repository: CountFlushRepository,
    private readonly checks: CountChecksRepository,
    private readonly metrics: CountFlushMetrics,
    private readonly clock: Clock,
  ) {}

  /** Writes back all changes that are there, batch by batch. */
  async run(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES; batch++) if ((await this.flushBatch()) < BATCH) return;
  }

  /**
   * One transaction moves the sums to the counts and removes the changes: whoever dies in the middle has done nothing.
   *
   * @returns how many changes were taken
   */
  @Transactional()
  private async flushBatch(): Promise<number> {
    const changes = await this.repository.take(BATCH);
    if (changes.length === 0) return 0;
    const postIds = [...new Set(changes.map(({ postId }) => postId))];
    const nowMs = this.clock.nowMs();
    const { sums, done } = planFlush(changes, await this.repository.lockCounts(postIds), nowMs);
    if (done.length === 0) return 0;
    await this.repository.add(sums);
    await this.repository.delete(done);
    await this.checks.note(
      sums.map(({ postId }) => postId),
      new Date(nowMs + CHECK_AFTER_MS),
    );
    this.metrics.flushed(sums.length, done.length, nowMs - changes[0]!.createdAt.getTime());
    return changes.length;
  }
}
