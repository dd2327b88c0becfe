import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { answerClientError } from './client-errors.js';
import { BARE_HEADERS, problemDetails } from './problem-details.js';

/** Largest request body; the largest valid one, a post with ten media keys, is under 20 kB. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** A client that has not sent its whole request by then is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often it is looked for such clients; by default a slow one could keep its connection for twice its time. */
const SLOW_CLIENTS_EVERY_MS = 1_000;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Fastify, set up as every process of ours listens: request ids, limits, answers in the one error format. */
/** @param trustedProxies addresses whose `X-Forwarded-For` is believed */
export function createFastifyAdapter(trustedProxies: string[]): FastifyAdapter {
  const adapter = new FastifyAdapter({
    logger: false,
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: SLOW_CLIENTS_EVERY_MS },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    genReqId: (request: IncomingMessage) => requestIdOf(request),
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 100 },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      // The router refused the address itself, before any route: broken percent-encoding, an overlong parameter.
      const notFound = error.code === 'FST_ERR_MAX_PARAM_LENGTH';
      const body = notFound
        ? problemDetails('ROUTE_NOT_FOUND', 'There is no such route.', request.id)
        : problemDetails('BAD_REQUEST', 'The address of the request is not valid.', request.id);
      void reply.status(body.status).header('X-Request-Id', request.id).headers(BARE_HEADERS).send(body);
    },
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  acceptOnlyJson(fastify);
  return adapter;
}

/** Bodies are JSON. The parser is Fastify's own; its error is ours, because Nest would hide which one it was. */
function acceptOnlyJson(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string;
    try {
      text = UTF_8.decode(body);
    } catch (error) {
      done(malformedJson(error as Error));
      return;
    }
    void parseJson(request, text, (error, value) => done(error ? malformedJson(error) : null, value));
  });
}

/** Refuses what is not UTF-8; as text, Fastify would put replacement characters in its place. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

const malformedJson = (cause: Error): AppError =>
  new AppError('MALFORMED_JSON', 'The body is not valid JSON.', { cause });

/** The client's id for this request if it is harmless in a log, else one of our own. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
