import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { isId } from '../../common/id.js';
import { requestContext } from '../context/request-context.js';

/** Routes that are asked every few seconds and tell nothing. */
const QUIET = /^\/(health|metrics)(\/|\?|$)/;

/** Whether a request tells nothing. @param url its path, with or without a query string */
export const isQuiet = (url: string): boolean => QUIET.test(url);

/**
 * The template of a route, with the row that the request named. Nothing else of an address is logged: somebody may have typed an e-mail
 * address into it, or what they looked for.
 */
function pathOf(route: string, params: unknown): string {
  const { id } = params as { id?: unknown };
  return isId(id) ? route.replace(':id', id) : route;
}

/** One line a request, once its answer is out. One that no route matched says nothing of its address. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    requestContext.run({ requestId: request.id }, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    if (!isQuiet(request.url)) {
      const { method, params } = request;
      const route = request.routeOptions.url;
      const path = route && pathOf(route, params);
      const durationMs = Math.round(reply.elapsedTime * 1_000) / 1_000;
      logger.info({ method, route, path, status: reply.statusCode, durationMs }, 'request');
    }
    done();
  });
}
