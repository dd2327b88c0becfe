import { ERROR_STATUS, type ErrorCode } from './error-codes.js';

/** One refused field of a request, named as the client sent it (`profile.name`, `files[2].size`). */
export interface FieldError {
  field: string;
  message: string;
}

interface AppErrorOptions {
  cause?: unknown;
  errors?: FieldError[];
  /** When the client may try again, in whole seconds; becomes the `Retry-After` header. */
  retryAfterSeconds?: number;
}

/**
 * An error that a client may see: a stable code, the HTTP status that belongs to it and a message that is safe to show.
 *
 * Anything else that is thrown is a defect or an outage and leaves the service as a plain 500 without its message.
 */
export class AppError extends Error {
  readonly status: number;
  readonly errors?: FieldError[];
  readonly retryAfterSeconds?: number;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.status = ERROR_STATUS[code];
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** A request that is well-formed HTTP but whose fields break the contract. */
export const validationFailed = (errors: FieldError[]): AppError =>
  new AppError('VALIDATION_FAILED', 'The request has fields that are missing, unknown or not allowed.', {
    errors,
  });
