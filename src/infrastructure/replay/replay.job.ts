import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { JobMetrics } from '../metrics/job.metrics.js';
import { Repeated } from '../scheduling/repeated.js';
import { FailoverWatch } from './failover-watch.js';
import { OutboxReplay } from './outbox-replay.js';

/** How often the masters are looked at: a failover takes four times as long. */
const LOOK_EVERY_MS = 1_000;

/** Watches for failovers of Redis, and replays after them. */
@Injectable()
export class ReplayJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private readonly jobs: Repeated[];

  constructor(watch: FailoverWatch, replay: OutboxReplay, jobs: JobMetrics) {
    this.jobs = [
      ['watching for failovers of Redis', () => watch.look()] as const,
      ['replaying jobs', () => replay.run(this.stopping.signal)] as const,
    ].map(([name, work]) => new Repeated(name, LOOK_EVERY_MS, jobs.measured(name, work)));
  }

  onApplicationBootstrap(): void {
    for (const job of this.jobs) job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.jobs.map((job) => job.stop()));
  }
}
