import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { UNREACHED } from '../../infrastructure/redis/reached.js';
import { CountChecksRepository, type CountCheck } from './count-checks.repository.js';
import { CountFlushMetrics } from './count-flush.metrics.js';
import { orUnavailable } from './post-counts.reader.js';
import { PostCountsRepository } from './post-counts.repository.js';
import { judge, type TrueCounts } from './post-counts.rules.js';
import { PostCountsStore, type Correction } from './post-counts.store.js';

/**
 * When counts are compared after their changes were written back: increments have arrived by then or were given up,
 * and what a failover of Redis swallows, its last second, is noticed.
 */
export const CHECK_AFTER_MS = 1_000;
/** When a check that found something, or had no answer, is repeated. */
const AGAIN_AFTER_MS = 250;
/** Posts of one batch: one pipeline a Redis node, one query. */
const BATCH = 500;
/** Batches of one turn. */
const MAX_BATCHES = 100;

/**
 * Compares the counts in Redis with MySQL, for posts whose changes were written back, and corrects them. A check stays
 * until a look finds nothing wrong and nothing pending, whichever process dies in between.
 */
@Injectable()
export class CountCheckStep {
  constructor(
    private readonly checks: CountChecksRepository,
    private readonly counts: PostCountsRepository,
    private readonly store: PostCountsStore,
    private readonly metrics: CountFlushMetrics,
    private readonly clock: Clock,
  ) {}

  /** Does all checks that are due, batch by batch. */
  async run(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES; batch++) if ((await this.checkBatch()) < BATCH) return;
  }

  private async checkBatch(): Promise<number> {
    const taken = await this.take();
    if (taken.length === 0) return 0;
    const ids = taken.map(({ postId }) => postId);
    // Redis first: what is counted in it by then is in MySQL too.
    const seen = await orUnavailable(this.store.read(ids, 'master'));
    if (!seen) return 0; // they are due again soon
    const truth = await this.truth(ids);
    const corrections: Correction[] = [];
    const settled = taken.filter(({ postId }, index) => {
      const counts = seen[index];
      if (counts === UNREACHED) return false; // it is due again soon
      const right = truth.get(postId);
      const verdict = judge(counts, right);
      if (verdict.wrong) corrections.push({ postId, seen: counts!, right: right! });
      return verdict.settled;
    });
    const corrected = corrections.length > 0 ? await orUnavailable(this.store.correct(corrections)) : [];
    this.metrics.checked(settled.length, corrected?.filter(Boolean).length ?? 0);
    if (settled.length > 0) await this.finish(settled);
    return taken.length;
  }

  @Transactional()
  private take(): Promise<CountCheck[]> {
    const nowMs = this.clock.nowMs();
    return this.checks.take(BATCH, new Date(nowMs), new Date(nowMs + AGAIN_AFTER_MS));
  }

  @Transactional({ readOnly: true, fresh: true, certain: true })
  private truth(ids: readonly Id[]): Promise<Map<Id, TrueCounts>> {
    return this.counts.counts(ids);
  }

  @Transactional()
  private finish(checks: readonly CountCheck[]): Promise<void> {
    return this.checks.finish(checks);
  }
}
