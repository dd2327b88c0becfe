import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
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

  constructor(watch: FailoverWatch, replay: OutboxReplay) {
    this.jobs = [
      new Repeated('watching for failovers of Redis', LOOK_EVERY_MS, () => watch.look()),
      new Repeated('replaying jobs', LOOK_EVERY_MS, () => replay.run(this.stopping.signal)),
    ];
  }

  onApplicationBootstrap(): void {
    for (const job of this.jobs) job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.jobs.map((job) => job.stop()));
  }
}
