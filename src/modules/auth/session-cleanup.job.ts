import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { JobMetrics } from '../../infrastructure/metrics/job.metrics.js';
import { CLEAN_UP_BATCH, CLEAN_UP_EVERY_MS, cleaningUp } from '../../infrastructure/scheduling/clean-up.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { RevocationsRepository } from './revocations.repository.js';

/** Beyond the life of the tokens they end, so that no instance with a slow clock misses one. */
const SPARE_MS = 3_600_000;

/** Removes refresh tokens and revocations that have no effect any more. Several workers may run it at once. */
@Injectable()
export class SessionCleanupJob {
  private readonly logger = new Logger(SessionCleanupJob.name);
  private readonly cleanUp: () => Promise<void>;

  constructor(
    private readonly tokens: RefreshTokensRepository,
    private readonly revocations: RevocationsRepository,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    jobs: JobMetrics,
  ) {
    this.cleanUp = cleaningUp(
      this.logger,
      jobs,
      'old sessions',
      () => this.deleteTokens(),
      () => this.deleteRevocations(),
    );
  }

  @Interval(CLEAN_UP_EVERY_MS)
  run(): Promise<void> {
    return this.cleanUp();
  }

  @Transactional()
  private deleteTokens(): Promise<number> {
    return this.tokens.deleteExpired(this.clock.now(), CLEAN_UP_BATCH);
  }

  @Transactional()
  private deleteRevocations(): Promise<number> {
    const ttlMs = this.config.auth.accessTokenTtlMs + SPARE_MS;
    return this.revocations.deleteOlder(new Date(this.clock.nowMs() - ttlMs), CLEAN_UP_BATCH);
  }
}
