import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { JobMetrics } from '../../infrastructure/metrics/job.metrics.js';
import { Repeated } from '../../infrastructure/scheduling/repeated.js';
import { CountCheckStep } from './count-check.js';
import { CountFlush } from './count-flush.js';

/** How often due checks are looked for: often enough that counts are right within 2 s of a flush. */
const CHECK_EVERY_MS = 250;

/** Writes counts back and compares them with Redis, again and again. */
@Injectable()
export class CountFlushJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly jobs: Repeated[];

  constructor(flush: CountFlush, checks: CountCheckStep, jobs: JobMetrics, config: AppConfig) {
    this.jobs = [
      ['writing counts back', config.counts.flushIntervalMs, () => flush.run()] as const,
      ['checking counts', CHECK_EVERY_MS, () => checks.run()] as const,
    ].map(([name, everyMs, work]) => new Repeated(name, everyMs, jobs.measured(name, work)));
  }

  onApplicationBootstrap(): void {
    for (const job of this.jobs) job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.jobs.map((job) => job.stop()));
  }
}
