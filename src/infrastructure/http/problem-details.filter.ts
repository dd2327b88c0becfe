import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import type { ErrorCode } from '../../common/error-codes.js';
import { type Counter, MetricFactory } from '../metrics/metric-factory.js';
import { RedisUnavailableError } from '../redis/redis-unavailable.error.js';
import { PROBLEM_CONTENT_TYPE, problemDetails } from './problem-details.js';

/** HTTP statuses that Nest and Fastify raise by themselves, with the code that stands for them here. */
const CODE_BY_STATUS: Record<number, [code: ErrorCode, detail: string]> = {
  400: ['BAD_REQUEST', 'The request is not valid.'],
  404: ['ROUTE_NOT_FOUND', 'There is no such route.'],
  405: ['METHOD_NOT_ALLOWED', 'The route does not know this method.'],
  413: ['PAYLOAD_TOO_LARGE', 'The body is larger than this service accepts.'],
  414: ['URI_TOO_LONG', 'The address is longer than this service accepts.'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json.'],
  431: ['HEADERS_TOO_LARGE', 'The headers are larger than this service accepts.'],
};

/** Turns whatever a request threw into problem details; what is not meant for clients stays in the log. */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemDetailsFilter.name);
  private readonly problems: Counter<'code'>;

  constructor(metrics: MetricFactory) {
    this.problems = metrics.counter(
      'http_problems_total',
      'Answers that are problem details, by code; failed authentications are among them',
      ['code'],
    );
  }

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = toAppError(exception);
    this.problems.inc({ code: error.code });
    if (error.status >= 500) this.logger.error({ err: error.cause ?? exception, code: error.code }, error.message);
    if (reply.sent) return;
    if (error.retryAfterSeconds !== undefined) reply.header('Retry-After', String(error.retryAfterSeconds));
    if (error.status === 401) reply.header('WWW-Authenticate', 'Bearer');
    const body = problemDetails(error.code, error.message, String(request.id), error.errors);
    void reply.status(error.status).header('Content-Type', PROBLEM_CONTENT_TYPE).send(body);
  }
}

/** What has no way around Redis yet. */
const serverBusy = (cause: unknown): AppError =>
  new AppError('SERVER_BUSY', 'This cannot be answered at the moment. Try again shortly.', {
    cause,
    retryAfterSeconds: 2,
  });

/** The error as the client may see it; an unknown one becomes a 500 that keeps its message to itself. */
export function toAppError(exception: unknown): AppError {
  if (exception instanceof AppError) return exception;
  if (exception instanceof RedisUnavailableError) return serverBusy(exception);
  const status = exception instanceof HttpException ? exception.getStatus() : statusOf(exception);
  const standard = CODE_BY_STATUS[status];
  if (standard) return new AppError(standard[0], standard[1], { cause: exception });
  if (status >= 400 && status < 500) {
    return new AppError('BAD_REQUEST', 'The request is not valid.', { cause: exception });
  }
  return new AppError('INTERNAL_ERROR', 'Something went wrong on our side.', { cause: exception });
}

/** Fastify marks the errors of its own parsing with a status. */
function statusOf(exception: unknown): number {
  const status = (exception as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}
