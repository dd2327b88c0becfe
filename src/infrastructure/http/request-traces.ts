import type { FastifyInstance, FastifyRequest } from 'fastify';
import { activeSpan } from '../tracing/span.js';
import type { Tracing } from '../tracing/tracing.js';
import { isQuiet } from './request-log.js';

/** Begins a trace, or goes on with the caller's, for every request that matches a route and is worth a line in the log. */
export function traceRequests(fastify: FastifyInstance, tracing: Tracing): void {
  if (!tracing.isOn) return;
  fastify.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url;
    if (route === undefined || isQuiet(request.url)) return done();
    const span = tracing.begin({
      kind: 'request',
      name: `${request.method} ${route}`,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        'url.scheme': request.protocol,
        'sns.request.id': request.id,
      },
      parent: parentOf(request),
    })!;
    reply.raw.once('close', () => {
      const { statusCode, writableFinished } = reply.raw;
      if (statusCode >= 500) span.fail(undefined);
      span.end({
        'http.response.status_code': writableFinished ? statusCode : undefined,
        'error.type': writableFinished ? (statusCode >= 500 ? String(statusCode) : undefined) : 'client_gone',
      });
    });
    activeSpan.run(span, done);
  });
}

/** A trace of the caller counts only when it comes by a proxy of ours: clients must not decide what is recorded. */
function parentOf({ ip, socket, headers }: FastifyRequest): string | undefined {
  const { traceparent } = headers;
  const byProxy = ip !== socket.remoteAddress; // only then X-Forwarded-For was believed
  return byProxy && typeof traceparent === 'string' ? traceparent : undefined;
}
