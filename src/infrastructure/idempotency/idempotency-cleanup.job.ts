import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../database/transactional.decorator.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { KEEP_MS } from './idempotent-writes.js';

const EVERY_MS = 60_000;
/** Rows of one DELETE: a short transaction that replicas apply without lagging. */
const BATCH = 1_000;

/** Forgets keys after a day. Several workers may run it at once: each deletes what it finds. */
@Injectable()
export class IdempotencyCleanupJob {
  private readonly logger = new Logger(IdempotencyCleanupJob.name);

  constructor(
    private readonly repository: IdempotencyRepository,
    private readonly clock: Clock,
  ) {}

  @Interval(EVERY_MS)
  async run(): Promise<void> {
    try {
      while ((await this.deleteBatch()) === BATCH);
    } catch (error) {
      this.logger.error(error, 'old idempotency keys could not be removed; the next run tries again');
    }
  }

  @Transactional()
  private deleteBatch(): Promise<number> {
    return this.repository.deleteOlder(new Date(this.clock.nowMs() - KEEP_MS), BATCH);
  }
}
