import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../database/transactional.decorator.js';
import { CLEAN_UP_BATCH, CLEAN_UP_EVERY_MS, cleanUp } from '../scheduling/clean-up.js';
import { OutboxRepository } from './outbox.repository.js';

/** Removes finished jobs that are old enough. Several workers may run it at once: each deletes what it finds. */
@Injectable()
export class OutboxCleanupJob {
  private readonly logger = new Logger(OutboxCleanupJob.name);

  constructor(
    private readonly repository: OutboxRepository,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  @Interval(CLEAN_UP_EVERY_MS)
  run(): Promise<void> {
    return cleanUp(this.logger, 'finished jobs', () => this.deleteBatch());
  }

  @Transactional()
  private deleteBatch(): Promise<number> {
    const before = new Date(this.clock.nowMs() - this.config.outbox.keepFinishedMs);
    return this.repository.deleteFinished(before, CLEAN_UP_BATCH);
  }
}
