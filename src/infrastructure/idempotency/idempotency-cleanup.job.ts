import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../database/transactional.decorator.js';
import { JobMetrics } from '../metrics/job.metrics.js';
import { CLEAN_UP_BATCH, CLEAN_UP_EVERY_MS, cleaningUp } from '../scheduling/clean-up.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { KEEP_MS } from './idempotent-writes.js';

/** Forgets keys after a day. Several workers may run it at once: each deletes what it finds. */
@Injectable()
export class IdempotencyCleanupJob {
  private readonly logger = new Logger(IdempotencyCleanupJob.name);
  private readonly cleanUp: () => Promise<void>;

  constructor(
    private readonly repository: IdempotencyRepository,
    private readonly clock: Clock,
    jobs: JobMetrics,
  ) {
    this.cleanUp = cleaningUp(this.logger, jobs, 'old idempotency keys', () => this.deleteBatch());
  }

  @Interval(CLEAN_UP_EVERY_MS)
  run(): Promise<void> {
    return this.cleanUp();
  }

  @Transactional()
  private deleteBatch(): Promise<number> {
    return this.repository.deleteOlder(new Date(this.clock.nowMs() - KEEP_MS), CLEAN_UP_BATCH);
  }
}
