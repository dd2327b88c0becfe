import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { requestContext } from '../context/request-context.js';

/** Routes that are asked every few seconds and tell nothing. */
const QUIET = /^\/(health|metrics)(\/|\?|$)/;

/** Whether a request tells nothing. @param url its path, with or without a query string */
export const isQuiet = (url: string): boolean => QUIET.test(url);

/**
 * One line a request, once its answer is out. The route is the template and the path has no query string: both stay
 * free of what somebody searched for.
 */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    requestContext.run({ requestId: request.id }, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const path = request.url.split('?', 1)[0]!;
    if (!isQuiet(path)) {
      const { method } = request;
      const durationMs = Math.round(reply.elapsedTime * 1_000) / 1_000;
      logger.info({ method, route: request.routeOptions.url, path, status: reply.statusCode, durationMs }, 'request');
    }
    done();
  });
}
