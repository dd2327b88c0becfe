import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { AuthenticatedRequest } from '../../infrastructure/http/current-user.decorator.js';
import { requestContext } from '../../infrastructure/logging/request-context.js';
import { PublicRoute } from '../../infrastructure/http/public.decorator.js';
import { AccessTokens } from './access-tokens.js';
import { unauthenticated } from './auth.errors.js';

/** Closes every route that is not marked public to requests without a valid access token. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: AccessTokens,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride(PublicRoute, [execution.getHandler(), execution.getClass()])) return true;
    const request = execution.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = bearerToken(request.headers.authorization);
    const userId = token === undefined ? undefined : await this.tokens.verify(token);
    if (userId === undefined) throw unauthenticated();
    request.principal = { userId };
    const context = requestContext.getStore();
    if (context) context.userId = userId;
    return true;
  }
}

function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header ?? '')?.[1];
}
