import type { LoggerService } from '@nestjs/common';
import { type Logger as Pino, type LoggerOptions, pino } from 'pino';
import type { AppConfig } from '../../config/app-config.js';
import { requestContext } from '../context/request-context.js';
import { activeSpan } from '../tracing/span.js';
import { describeError } from './error-description.js';

/** Bytes of lines that wait while nobody takes the output: beyond it lines are dropped, rather than the service. */
const MAX_UNWRITTEN = 8 * 1024 * 1024;

/** Nest announces every module and route at start; that is of use at debug level only. */
const NEST_START = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory']);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * JSON lines through pino; a line written while a request is served carries the request's and the user's id, and one of
 * a trace the trace's. In a terminal they are made readable.
 *
 * Classes log through Nest's `Logger`: `logger.warn('text')` or `logger.error({ err, more }, 'text')`.
 */
export class StructuredLogger implements LoggerService {
  readonly pino: Pino;

  constructor(config: AppConfig, processName: 'api' | 'worker') {
    const readable = process.stdout.isTTY && config.environment !== 'production';
    const options: LoggerOptions = {
      level: config.logLevel,
      base: { process: processName },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      mixin: () => {
        const context = requestContext.getStore();
        const span = activeSpan.getStore();
        return {
          ...(context && { requestId: context.requestId, userId: context.userId }),
          ...(span && { trace_id: span.traceId, span_id: span.spanId }), // as OpenTelemetry names them in logs
        };
      },
    };
    // Lines that come while others are being written go out together. What is left is written when the process exits; a kill loses it.
    this.pino = readable
      ? pino({ ...options, transport: { target: 'pino-pretty' } })
      : pino(options, pino.destination({ sync: false, maxLength: MAX_UNWRITTEN }));
  }

  log(message: unknown, ...params: unknown[]): void {
    const quiet = NEST_START.has(String(params.at(-1)));
    this.write(quiet ? 'debug' : 'info', message, params);
  }
  fatal(message: unknown, ...params: unknown[]): void {
    this.write('fatal', message, params);
  }
  error(message: unknown, ...params: unknown[]): void {
    this.write('error', message, params);
  }
  warn(message: unknown, ...params: unknown[]): void {
    this.write('warn', message, params);
  }
  debug(message: unknown, ...params: unknown[]): void {
    this.write('debug', message, params);
  }
  verbose(message: unknown, ...params: unknown[]): void {
    this.write('trace', message, params);
  }

  /** Nest appends the logger's context to the caller's arguments. */
  private write(level: Level, message: unknown, params: unknown[]): void {
    const context = params.at(-1);
    const text = params.length > 1 && typeof params[0] === 'string' ? params[0] : undefined;
    if (message instanceof Error) this.pino[level]({ context, err: message }, text ?? describeError(message).message);
    else if (typeof message === 'object') this.pino[level]({ context, ...message }, text);
    else
      this.pino[level](
        { context, ...(text !== undefined && { stack: text }) },
        typeof message === 'string' ? message : JSON.stringify(message),
      );
  }
}
