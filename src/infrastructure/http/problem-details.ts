import { STATUS_CODES } from 'node:http';
import { ERROR_STATUS, type ErrorCode } from '../../common/error-codes.js';
import type { FieldError } from '../../common/app-error.js';

/** Body of every error answer (RFC 9457). */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  requestId: string;
  errors?: FieldError[];
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** What tells browsers not to run an answer that is given before the hooks run which tell it of all others. */
export const BARE_HEADERS = {
  'Content-Type': PROBLEM_CONTENT_TYPE,
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};

/**
 * The body of an error answer (RFC 9457), with the status and title of its code.
 *
 * @param detail a sentence for whoever writes a client; nothing of the inside
 * @param errors fields that are wrong, of a request that was refused for them
 */
export function problemDetails(
  code: ErrorCode,
  detail: string,
  requestId: string,
  errors?: FieldError[],
): ProblemDetails {
  const status = ERROR_STATUS[code];
  return {
    type: `urn:sns:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
    requestId,
    ...(errors && { errors }),
  };
}
