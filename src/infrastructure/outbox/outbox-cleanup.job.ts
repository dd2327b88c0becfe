import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../database/transactional.decorator.js';
import { JobMetrics } from '../metrics/job.metrics.js';
import { CLEAN_UP_BATCH, CLEAN_UP_EVERY_MS, cleaningUp } from '../scheduling/clean-up.js';
import { LOST_MS } from '../replay/failover.rules.js';
import { OutboxRepository } from './outbox.repository.js';
import { RedisWatchRepository } from './redis-watch.repository.js';

/** How much longer jobs are kept for a replay: a node of Redis that stays away must not make the table grow for ever. */
const MOST_LONGER_MS = 24 * 3_600_000;

/** Removes finished jobs that are old enough. Several workers may run it at once: each deletes what it finds. */
@Injectable()
export class OutboxCleanupJob {
  private readonly logger = new Logger(OutboxCleanupJob.name);
  private readonly cleanUp: () => Promise<void>;

  constructor(
    private readonly repository: OutboxRepository,
    private readonly watch: RedisWatchRepository,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    jobs: JobMetrics,
  ) {
    this.cleanUp = cleaningUp(this.logger, jobs, 'finished jobs', () => this.deleteBatch());
  }

  @Interval(CLEAN_UP_EVERY_MS)
  run(): Promise<void> {
    return this.cleanUp();
  }

  @Transactional()
  private async deleteBatch(): Promise<number> {
    const oldestMs = this.clock.nowMs() - this.config.outbox.keepFinishedMs;
    const before = Math.min(oldestMs, Math.max(await this.neededFromMs(), oldestMs - MOST_LONGER_MS));
    return this.repository.deleteFinished(new Date(before), CLEAN_UP_BATCH);
  }

  /** What finished since then may have to be replayed, when a master of Redis turns out to be another one. */
  private async neededFromMs(): Promise<number> {
    const watch = await this.watch.read();
    if (!watch) return Infinity;
    return Math.min(watch.seenAt.getTime() - LOST_MS, watch.replayFrom?.getTime() ?? Infinity);
  }
}
