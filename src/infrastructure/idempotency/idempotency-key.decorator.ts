import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { validationFailed } from '../../common/app-error.js';

/** What a request with an `Idempotency-Key` is known by. */
export interface IdempotentRequest {
  key: string;
  method: string;
  /** Without the query string. */
  path: string;
  body: unknown;
}

/** The request's idempotency, or `undefined` when the client asked for none. */
export const Idempotency = createParamDecorator(
  (_data: unknown, context: ExecutionContext): IdempotentRequest | undefined => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (key === undefined) return undefined;
    if (typeof key !== 'string' || !/^[\x21-\x7E]{1,255}$/.test(key)) {
      throw validationFailed([{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
    }
    return { key, method: request.method, path: request.url.split('?', 1)[0]!, body: request.body };
  },
);
