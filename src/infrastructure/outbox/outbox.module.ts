import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { InlineEffects } from './inline-effects.js';
import { OutboxBacklogRepository } from './outbox-backlog.repository.js';
import { OutboxCleanupJob } from './outbox-cleanup.job.js';
import { OutboxBacklogMetrics } from './outbox-backlog.metrics.js';
import { OutboxFinisher } from './outbox-finisher.js';
import { OutboxJobsRepository } from './outbox-jobs.repository.js';
import { OutboxLeaseRepository } from './outbox-lease.repository.js';
import { OutboxMetrics } from './outbox.metrics.js';
import { OutboxRelay } from './outbox.relay.js';
import { OutboxReplayRepository } from './outbox-replay.repository.js';
import { OutboxRepository } from './outbox.repository.js';
import { OutboxRunner } from './outbox-runner.js';
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
@Module({
  imports: [OutboxModule, DiscoveryModule],
  providers: [
    OutboxRelay,
    OutboxRunner,
    OutboxFinisher,
    OutboxLeaseRepository,
    OutboxJobsRepository,
    OutboxCleanupJob,
    OutboxMetrics,
    OutboxBacklogMetrics,
  ],
})
export class OutboxRelayModule {}
