import { type INestApplicationContext, Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AppConfig } from '../../src/config/app-config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { ENTITIES_LIST } from '../../src/entities.js';
import { DatabaseModule } from '../../src/infrastructure/database/database.module.js';
import { StructuredLogger } from '../../src/infrastructure/logging/structured-logger.js';
import { MetricsModule } from '../../src/infrastructure/metrics/metrics.module.js';
import { OutboxRelayModule } from '../../src/infrastructure/outbox/outbox.module.js';
import { TracingModule } from '../../src/infrastructure/tracing/tracing.module.js';

/** Starts a worker that has nothing but the outbox, and these handlers for its jobs. */
export function startRelayWorker(config: AppConfig, ...handlers: Provider[]): Promise<INestApplicationContext> {
  @Module({
    imports: [
      ConfigModule.forRoot(config),
      MetricsModule,
      TracingModule.forService('test'),
      DatabaseModule.forRoot(ENTITIES_LIST),
      OutboxRelayModule,
    ],
    providers: handlers,
  })
  class WorkerUnderTest {}
  return NestFactory.createApplicationContext(WorkerUnderTest, {
    logger: new StructuredLogger(config, 'worker'),
    abortOnError: false,
  });
}
