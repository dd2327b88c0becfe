import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { networkOf } from '../../infrastructure/rate-limits/client-network.js';
import { rateLimited, RateLimiters } from '../../infrastructure/rate-limits/rate-limiters.js';
import type { RateLimiter } from '../../infrastructure/rate-limits/rate-limiter.js';
import { KnownAddresses } from './known-addresses.js';

/** A login that was let through; what it took is given back if it succeeds, so that only failures count. */
export interface LoginAttempt {
  succeeded(): Promise<void>;
  /** Runs the check of the password. If it cannot be done, the attempt does not count: that is nobody's failure. */
  check(verify: () => Promise<boolean>): Promise<boolean>;
}

const UNLIMITED: LoginAttempt = {
  succeeded: () => Promise.resolve(),
  check: (verify) => verify(),
};

/**
 * Slows down who guesses passwords, without locking out whom the account belongs to.
 *
 * Failures are counted for an account from one address, for an address, and for an account from all addresses that it
 * has never been used from. So an attacker with many addresses runs into the last limit, while the owner, on an
 * address where they have logged in before, is not held up by it; on a new one they wait for minutes, not for ever.
 * An address of IPv6 counts as its /64 (see {@link networkOf}).
 */
@Injectable()
export class LoginLimits {
  private readonly registrations: RateLimiter;
  private readonly pair: RateLimiter;
  private readonly address: RateLimiter;
  private readonly account: RateLimiter;

  constructor(
    private readonly limiters: RateLimiters,
    private readonly known: KnownAddresses,
    config: AppConfig,
  ) {
    const { registrations, loginFailures, addressFailures, accountFailures } = config.rateLimits;
    this.registrations = limiters.create('registrations', registrations, 'process');
    this.pair = limiters.create('login-pair', loginFailures, 'process');
    this.address = limiters.create('login-address', addressFailures, 'process');
    this.account = limiters.create('login-account', accountFailures, 'process');
  }

  /** @throws AppError `RATE_LIMITED` */
  async beforeRegistration(address: string): Promise<void> {
    if (!this.limiters.enabled) return;
    const { allowed, resetMs } = await this.registrations.take(networkOf(address));
    if (!allowed) throw rateLimited(resetMs);
  }

  /**
   * Takes from the budgets before the password is checked, so that many guesses at once cannot slip through.
   *
   * @param login what the client logs in to; it need not exist
   * @throws AppError `RATE_LIMITED`
   */
  async beforeLogin(login: string, address: string): Promise<LoginAttempt> {
    if (!this.limiters.enabled) return UNLIMITED;
    const network = networkOf(address);
    // Hashed: a key in Redis should not tell who tries to log in.
    const account = createHash('sha256').update(login).digest('base64url');
    const isKnown = await this.known.has(account, network);
    const budgets: [RateLimiter, string][] = [
      [this.pair, `${account}:${network}`],
      [this.address, network],
    ];
    if (!isKnown) budgets.push([this.account, account]);

    const taken: [RateLimiter, string][] = [];
    for (const [limiter, key] of budgets) {
      const { allowed, resetMs } = await limiter.take(key);
      if (!allowed) throw rateLimited(resetMs);
      taken.push([limiter, key]);
    }
    const giveBack = async (): Promise<void> => {
      await Promise.all(taken.map(([limiter, key]) => limiter.giveBack(key)));
    };
    return {
      succeeded: async () => {
        await Promise.all([giveBack(), this.known.add(account, network)]);
      },
      check: async (verify) => {
        try {
          return await verify();
        } catch (error) {
          await giveBack();
          throw error;
        }
      },
    };
  }
}
