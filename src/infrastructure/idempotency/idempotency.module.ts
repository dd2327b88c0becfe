import { Global, Module } from '@nestjs/common';
import { IdempotencyCleanupJob } from './idempotency-cleanup.job.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { IdempotentWrites } from './idempotent-writes.js';

@Global()
@Module({ providers: [IdempotencyRepository, IdempotentWrites], exports: [IdempotencyRepository, IdempotentWrites] })
export class IdempotencyModule {}

/** For the worker, which forgets old keys. */
@Module({ imports: [IdempotencyModule], providers: [IdempotencyCleanupJob] })
export class IdempotencyCleanupModule {}
