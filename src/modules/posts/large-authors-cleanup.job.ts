import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { JobMetrics } from '../../infrastructure/metrics/job.metrics.js';
import { CLEAN_UP_BATCH, CLEAN_UP_EVERY_MS, cleaningUp } from '../../infrastructure/scheduling/clean-up.js';
import { LargeAuthorsRepository } from './large-authors.repository.js';

/** Beyond the life of the posts concerned, so that a slow clock does no harm. */
const SPARE_MS = 3_600_000;

/** Forgets who was a large author once, when none of their pulled posts is live any more. */
@Injectable()
export class LargeAuthorsCleanupJob {
  private readonly logger = new Logger(LargeAuthorsCleanupJob.name);
  private readonly cleanUp: () => Promise<void>;

  constructor(
    private readonly repository: LargeAuthorsRepository,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    jobs: JobMetrics,
  ) {
    this.cleanUp = cleaningUp(this.logger, jobs, 'former large authors', () => this.deleteBatch());
  }

  @Interval(CLEAN_UP_EVERY_MS)
  run(): Promise<void> {
    return this.cleanUp();
  }

  @Transactional()
  private deleteBatch(): Promise<number> {
    const before = new Date(this.clock.nowMs() - this.config.feed.unviewedTtlMs - SPARE_MS);
    return this.repository.deleteFormer(before, CLEAN_UP_BATCH);
  }
}
