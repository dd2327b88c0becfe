import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { AppConfig } from './config/app-config.js';
import { createFastifyAdapter } from './infrastructure/http/fastify.js';
import { protectBrowsers } from './infrastructure/http/browser-protection.js';
import { HttpMetrics } from './infrastructure/http/http.metrics.js';
import { Readiness } from './infrastructure/http/readiness.js';
import { logRequests } from './infrastructure/http/request-log.js';
import { traceRequests } from './infrastructure/http/request-traces.js';
import { MetricFactory } from './infrastructure/metrics/metric-factory.js';
import { StructuredLogger } from './infrastructure/logging/structured-logger.js';
import { Tracing } from './infrastructure/tracing/tracing.js';

/** Makes an application ready to listen; tests use it too, so that they run what production runs. */
export async function createApplication(
  root: DynamicModule,
  config: AppConfig,
  logger: StructuredLogger,
): Promise<NestFastifyApplication> {
  const adapter = createFastifyAdapter(config.http.trustedProxies);
  logRequests(adapter.getInstance<FastifyInstance>(), logger.pino);
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger,
    bodyParser: false, // Fastify's own JSON parser; Nest would accept forms too
    abortOnError: false,
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  app.get(Readiness).hangUpAtTheEnd(fastify);
  new HttpMetrics(app.get(MetricFactory)).watch(fastify);
  traceRequests(fastify, app.get(Tracing));
  await protectBrowsers(app, config.http.corsOrigins);
  return app;
}

/**
 * Runs a process of ours until SIGTERM or SIGINT. Then it is no longer ready; the API goes on for SHUTDOWN_DELAY, until nobody sends
 * requests here any more; and what is in flight is let finish, for SHUTDOWN_TIMEOUT at most.
 */
export async function runProcess(
  root: DynamicModule,
  config: AppConfig,
  name: 'api' | 'worker',
  port: number,
  prepare?: (app: NestFastifyApplication) => void,
): Promise<void> {
  const logger = new StructuredLogger(config, name);
  const app = await createApplication(root, config, logger);
  prepare?.(app);
  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.log(`${signal}: finishing what is under way`, 'Process');
    app.get(Readiness).end();
    if (name === 'api') await delay(config.http.shutdownDelayMs);
    const limit = setTimeout(() => {
      logger.error(`not finished after ${config.http.shutdownTimeoutMs} ms; giving up`, 'Process');
      process.exit(1);
    }, config.http.shutdownTimeoutMs);
    try {
      await app.close();
      clearTimeout(limit);
      process.exit(0); // whatever handle is left, such as a socket to a server that does not answer
    } catch (error) {
      logger.error(error, 'Process');
      process.exit(1);
    }
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
  await app.listen(port, config.http.bindAddress);
  logger.log(`listening on ${await app.getUrl()}`, 'Process');
}

/** Ends the process with a line that says why it could not start. */
export function failStart(error: unknown): void {
  process.stderr.write(`start failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}
