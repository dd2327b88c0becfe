import type { FastifyInstance } from 'fastify';
import { AppError } from '../../common/app-error.js';

/**
 * A body of no bytes that is said to be JSON, as many clients send it with every PUT and DELETE. Routes that take a body
 * refuse it when they look at it; the others do not look.
 */
export const EMPTY_BODY = Symbol('empty body');

/** Bodies are JSON. The parser is Fastify's own; its error is ours, because Nest would hide which one it was. */
export function acceptOnlyJson(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) {
      done(null, EMPTY_BODY);
      return;
    }
    let text: string;
    try {
      text = UTF_8.decode(body);
    } catch (error) {
      done(malformedJson(error));
      return;
    }
    void parseJson(request, text, (error, value) => done(error ? malformedJson(error) : null, value));
  });
}

/** Refuses what is not UTF-8; as text, Fastify would put replacement characters in its place. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

export const malformedJson = (cause?: unknown): AppError =>
  new AppError('MALFORMED_JSON', 'The body is not valid JSON.', { cause });
