import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../database/transactional.decorator.js';
import { JobMetrics } from '../metrics/job.metrics.js';
import { CLEAN_UP_BATCH, CLEAN_UP_EVERY_MS, cleanUp } from '../scheduling/clean-up.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { KEEP_MS } from './idempotent-writes.js';

/** Forgets keys after a day. Several workers may run it at once: each deletes what it finds. */
@Injectable()
export class IdempotencyCleanupJob {
  private readonly logger = new Logger(IdempotencyCleanupJob.name);

  constructor(
    private readonly repository: IdempotencyRepository,
    private readonly jobs: JobMetrics,
    private readonly clock: Clock,
  ) {}

  @Interval(CLEAN_UP_EVERY_MS)
  run(): Promise<void> {
    return cleanUp(this.logger, this.jobs, 'old idempotency keys', () => this.deleteBatch());
  }

  @Transactional()
  private deleteBatch(): Promise<number> {
    return this.repository.deleteOlder(new Date(this.clock.nowMs() - KEEP_MS), CLEAN_UP_BATCH);
  }
}
