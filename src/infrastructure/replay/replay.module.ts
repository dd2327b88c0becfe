import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { SchedulingModule } from '../scheduling/scheduling.module.js';
import { FailoverWatch } from './failover-watch.js';
import { OutboxReplay } from './outbox-replay.js';
import { ReplayJob } from './replay.job.js';
import { ReplayMetrics } from './replay.metrics.js';

/** For the worker: what Redis loses in a failover is done again. */
@Module({
  imports: [OutboxModule, SchedulingModule],
  providers: [FailoverWatch, OutboxReplay, ReplayJob, ReplayMetrics],
})
export class ReplayModule {}
