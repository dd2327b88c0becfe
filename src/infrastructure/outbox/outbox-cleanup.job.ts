import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../database/transactional.decorator.js';
import { OutboxRepository } from './outbox.repository.js';

const EVERY_MS = 60_000;
/** Rows of one DELETE: a short transaction that replicas apply without lagging. */
const BATCH = 1_000;

/** Removes finished jobs that are old enough. Several workers may run it at once: each deletes what it finds. */
@Injectable()
export class OutboxCleanupJob {
  private readonly logger = new Logger(OutboxCleanupJob.name);

  constructor(
    private readonly repository: OutboxRepository,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  @Interval(EVERY_MS)
  async run(): Promise<void> {
    try {
      while ((await this.deleteBatch()) === BATCH);
    } catch (error) {
      this.logger.error(error, 'finished jobs could not be removed; the next run tries again');
    }
  }

  @Transactional()
  private deleteBatch(): Promise<number> {
    const before = new Date(this.clock.nowMs() - this.config.outbox.keepFinishedMs);
    return this.repository.deleteFinished(before, BATCH);
  }
}
