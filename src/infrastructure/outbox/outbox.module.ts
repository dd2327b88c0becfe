import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { InlineEffects } from './inline-effects.js';
import { OutboxBacklogRepository } from './outbox-backlog.repository.js';
import { OutboxCleanupJob } from './outbox-cleanup.job.js';
import { OutboxMetrics } from './outbox.metrics.js';
import { OutboxRelay } from './outbox.relay.js';
import { OutboxReplayRepository } from './outbox-replay.repository.js';
import { OutboxRepository } from './outbox.repository.js';
import { Outbox } from './outbox.js';
import { RedisWatchRepository } from './redis-watch.repository.js';

/** For every process that stores events. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    Outbox,
    OutboxRepository,
    OutboxBacklogRepository,
    OutboxReplayRepository,
    RedisWatchRepository,
    InlineEffects,
  ],
  exports: [Outbox, OutboxRepository, OutboxBacklogRepository, OutboxReplayRepository, RedisWatchRepository],
})
export class OutboxModule {}

/** For the worker, which runs them. */
@Module({ imports: [OutboxModule, DiscoveryModule], providers: [OutboxRelay, OutboxCleanupJob, OutboxMetrics] })
export class OutboxRelayModule {}
