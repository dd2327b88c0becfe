import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Budget } from '../../config/setting-types.js';
import type { RedisClients } from '../redis/redis-clients.js';
import type { RequestGuard } from '../redis/request-guard.js';
import type { RateLimitMetrics } from './rate-limit.metrics.js';

/** What is left of a budget. */
export interface Allowance {
  allowed: boolean;
  remaining: number;
  /** Until the budget is whole again. */
  resetMs: number;
}

/** What happens while Redis does not answer: each process counts for itself, or everything is let through. */
export type Fallback = 'process' | 'open';

/** A budget shared by all instances through Redis. */
export class RateLimiter {
  private readonly shared: RateLimiterRedis;
  private readonly local: RateLimiterMemory;

  constructor(
    readonly name: string,
    readonly budget: Budget,
    private readonly fallback: Fallback,
    clients: RedisClients,
    private readonly guard: RequestGuard,
    private readonly metrics: RateLimitMetrics,
  ) {
    const options = { points: budget.requests, duration: budget.windowMs / 1_000, keyPrefix: `rate:${name}` };
    this.shared = new RateLimiterRedis({
      ...options,
      storeClient: clients.for('request'),
      rejectIfRedisNotReady: true,
    });
    this.local = new RateLimiterMemory(options);
  }

  /** Takes one from the budget of `key`. */
  async take(key: string): Promise<Allowance> {
    try {
      // That a budget is used up is an answer, not a failure of Redis.
      const answer = await this.guard.run(this.shared.getKey(key), () => taken(this.shared.consume(key)));
      return answer.refused ? this.refused(answer.refused) : this.allowance(answer.granted);
    } catch {
      this.metrics.degraded(this.name);
      if (this.fallback === 'open') return { allowed: true, remaining: this.budget.requests, resetMs: 0 };
      return this.takeLocally(key);
    }
  }

  /** Gives one back. Failing to costs the client one request of a budget that refills. */
  async giveBack(key: string): Promise<void> {
    try {
      await this.guard.run(this.shared.getKey(key), () => this.shared.reward(key));
    } catch {
      this.metrics.degraded(this.name);
      await this.local.reward(key);
    }
  }

  private async takeLocally(key: string): Promise<Allowance> {
    try {
      return this.allowance(await this.local.consume(key));
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return this.refused(refusal);
      throw refusal;
    }
  }

  private allowance(result: RateLimiterRes): Allowance {
    return { allowed: true, remaining: result.remainingPoints, resetMs: result.msBeforeNext };
  }

  private refused(result: RateLimiterRes): Allowance {
    this.metrics.refused(this.name);
    return { allowed: false, remaining: 0, resetMs: result.msBeforeNext };
  }
}

type Taken = { granted: RateLimiterRes; refused?: undefined } | { refused: RateLimiterRes };

async function taken(consumed: Promise<RateLimiterRes>): Promise<Taken> {
  try {
    return { granted: await consumed };
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return { refused: refusal };
    throw refusal;
  }
}
