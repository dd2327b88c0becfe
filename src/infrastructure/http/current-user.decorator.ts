import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Id } from '../../common/id.js';

/** Who a request acts for, as its access token says. */
export interface Principal {
  userId: Id;
}

/** A request that has passed the guard. */
export type AuthenticatedRequest = FastifyRequest & { principal?: Principal };

/** The id of the user who makes the request; only on routes that are not public. */
export const CurrentUserId = createParamDecorator((_data: unknown, context: ExecutionContext): Id => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('@CurrentUserId() is used on a public route');
  return principal.userId;
});
