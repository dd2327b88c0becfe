import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Id } from '../../common/id.js';

/** Who a request acts for, as its access token says. */
export interface Principal {
  userId: Id;
  /** Which login it belongs to. */
  sessionId: string;
}

/** A request that has passed the guard. */
export type AuthenticatedRequest = FastifyRequest & { principal?: Principal };

const principalOf = (context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('a public route asks for the current user');
  return principal;
};

/** Who makes the request; only on routes that are not public. */
export const CurrentPrincipal = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  principalOf(context),
);

/** The id of the user who makes the request; only on routes that are not public. */
export const CurrentUserId = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => principalOf(context).userId,
);
