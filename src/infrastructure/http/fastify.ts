import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerClientError } from './client-errors.js';
import { acceptOnlyJson } from './json-bodies.js';
import { BARE_HEADERS, problemDetails } from './problem-details.js';

/** Largest request body; the largest valid one, a post with ten media keys, is under 20 kB. */
const BODY_LIMIT_BYTES = 64 * 1024;
/**
 * Largest head of a request, its address included: Node's own default. The router is to be no stricter, so that a parameter is
 * refused by what it should be, however long it is.
 */
const HEAD_LIMIT_BYTES = 16 * 1024;
/** A client that has not sent its whole request by then is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often it is looked for such clients; by default a slow one could keep its connection for twice its time. */
const SLOW_CLIENTS_EVERY_MS = 1_000;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Fastify, set up as every process of ours listens: request ids, limits, answers in the one error format.
 *
 * @param trustedProxies addresses whose `X-Forwarded-For` is believed
 */
export function createFastifyAdapter(trustedProxies: string[]): FastifyAdapter {
  const adapter = new FastifyAdapter({
    logger: false,
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      maxHeaderSize: HEAD_LIMIT_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: SLOW_CLIENTS_EVERY_MS,
    },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    genReqId: (request: IncomingMessage) => requestIdOf(request),
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: HEAD_LIMIT_BYTES },
    frameworkErrors: (_error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      // The router refused the address itself, before any route: broken percent-encoding.
      const body = problemDetails('BAD_REQUEST', 'The address of the request is not valid.', request.id);
      void reply.status(body.status).header('X-Request-Id', request.id).headers(BARE_HEADERS).send(body);
    },
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  acceptOnlyJson(fastify);
  return adapter;
}

/** The client's id for this request if it is harmless in a log, else one of our own. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
