import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { AppConfig } from '../../config/app-config.js';
import type { Budget } from '../../config/setting-types.js';
import { RedisClients } from '../redis/redis-clients.js';
import { RequestGuard } from '../redis/request-guard.js';
import { RateLimitMetrics } from './rate-limit.metrics.js';
import { RateLimiter, type Fallback } from './rate-limiter.js';

/** @param resetMs until the budget is whole again */
export const rateLimited = (resetMs: number): AppError =>
  new AppError('RATE_LIMITED', 'Too many requests. Try again later.', {
    retryAfterSeconds: Math.max(1, Math.ceil(resetMs / 1_000)),
  });

/** Makes the rate limiters of an instance. */
@Injectable()
export class RateLimiters {
  readonly enabled: boolean;

  constructor(
    private readonly clients: RedisClients,
    private readonly guard: RequestGuard,
    private readonly metrics: RateLimitMetrics,
    config: AppConfig,
  ) {
    this.enabled = config.rateLimits.enabled;
  }

  /** @param name of the policy: in the key, in metrics and in the headers */
  create(name: string, budget: Budget, fallback: Fallback): RateLimiter {
    return new RateLimiter(name, budget, fallback, this.clients, this.guard, this.metrics);
  }
}
