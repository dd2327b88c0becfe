import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AppConfig } from '../../config/app-config.js';
import type { AuthenticatedRequest } from '../http/current-user.decorator.js';
import { networkOf } from './client-network.js';
import { rateLimited, RateLimiters } from './rate-limiters.js';
import type { Allowance, RateLimiter } from './rate-limiter.js';

/** Routes of operators and of the documentation are not for clients to use up. */
const UNLIMITED = /^\/(health|metrics|docs|openapi\.json)(\/|$|\?)/;

/**
 * Counts every request against the budget of its user, or of its address (see {@link networkOf}) when it has no valid token, and tells the
 * client where it stands: `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly limiter: RateLimiter;
  private readonly policy: string;

  constructor(
    private readonly limiters: RateLimiters,
    config: AppConfig,
  ) {
    const { requests } = config.rateLimits;
    this.limiter = limiters.create('requests', requests, 'open');
    this.policy = `"requests";q=${requests.requests};w=${Math.ceil(requests.windowMs / 1_000)}`;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    if (!this.limiters.enabled || UNLIMITED.test(request.url)) return true;
    const { principal } = request;
    const allowance = await this.limiter.take(
      principal ? `user:${principal.userId}` : `address:${networkOf(request.ip)}`,
    );
    this.tell(http.getResponse<FastifyReply>(), allowance);
    if (!allowance.allowed) throw rateLimited(allowance.resetMs);
    return true;
  }

  private tell(reply: FastifyReply, { remaining, resetMs }: Allowance): void {
    reply.header('RateLimit-Policy', this.policy);
    reply.header('RateLimit', `"requests";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`);
  }
}
