import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../common/error-codes.js';
import { BARE_HEADERS, problemDetails } from './problem-details.js';

/** What Node's parser of HTTP gives up on, with the answer to it. */
const ANSWERS: Record<string, [code: ErrorCode, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'The headers are larger than this service accepts.'],
};
const OTHERWISE: [ErrorCode, string] = ['BAD_REQUEST', 'The request is not valid HTTP.'];

/**
 * Answers a connection on which no request came about, in the format of all errors, and ends it: where the next request
 * would begin is not known.
 *
 * @param error as Node's `clientError` event has it
 */
export function answerClientError(error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = problemDetails(...(ANSWERS[error.code ?? ''] ?? OTHERWISE), requestId);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(BARE_HEADERS).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
