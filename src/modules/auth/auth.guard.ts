import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { AuthenticatedRequest } from '../../infrastructure/http/current-user.decorator.js';
import { PublicRoute } from '../../infrastructure/http/public.decorator.js';
import { requestContext } from '../../infrastructure/context/request-context.js';
import { AccessTokens } from './access-tokens.js';
import { unauthenticated } from './auth.errors.js';
import { RevokedSessions } from './revoked-sessions.js';

/** Finds out who makes a request. It refuses nobody: the rate limit comes next, and counts users apart from addresses. */
@Injectable()
export class IdentifyGuard implements CanActivate {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly revoked: RevokedSessions,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const request = execution.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = bearerToken(request.headers.authorization);
    const principal = token === undefined ? undefined : await this.tokens.verify(token);
    if (!principal || this.revoked.isRevoked(principal.userId, principal.sessionId)) return true;
    request.principal = principal;
    const context = requestContext.getStore();
    if (context) context.userId = principal.userId;
    return true;
  }
}

/** Closes every route that is not marked public to requests without a valid access token. */
@Injectable()
export class RequireUserGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(execution: ExecutionContext): boolean {
    const isPublic = this.reflector.getAllAndOverride(PublicRoute, [execution.getHandler(), execution.getClass()]);
    if (!isPublic && !execution.switchToHttp().getRequest<AuthenticatedRequest>().principal) throw unauthenticated();
    return true;
  }
}

function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header ?? '')?.[1];
}
