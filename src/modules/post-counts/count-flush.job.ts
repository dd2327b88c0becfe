import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { Repeated } from '../../infrastructure/scheduling/repeated.js';
import { CountCheckStep } from './count-check.js';
import { CountFlush } from './count-flush.js';

/** How often due checks are looked for: often enough that counts are right within 2 s of a flush. */
const CHECK_EVERY_MS = 250;

/** Writes counts back and compares them with Redis, again and again. */
@Injectable()
export class CountFlushJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly jobs: Repeated[];

  constructor(flush: CountFlush, checks: CountCheckStep, config: AppConfig) {
    this.jobs = [
      new Repeated('writing counts back', config.counts.flushIntervalMs, () => flush.run()),
      new Repeated('checking counts', CHECK_EVERY_MS, () => checks.run()),
    ];
  }

  onApplicationBootstrap(): void {
    for (const job of this.jobs) job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.jobs.map((job) => job.stop()));
  }
}
