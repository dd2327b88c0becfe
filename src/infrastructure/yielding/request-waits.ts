import { randomBytes } from 'node:crypto';
import { createHistogram } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { RedisExecutor, type Answered, type RedisObserver } from '../redis/redis-executor.js';
import { Repeated } from '../scheduling/repeated.js';
import { RequestWaitsStore } from './request-waits.store.js';

/** How often an instance tells; workers look as often. */
export const TELL_INTERVAL_MS = 250;
/** Of the waits since the last time the one that nine in ten stay below. */
const PERCENTILE = 90;

/** Measures what requests of this instance wait for Redis, so that workers can yield to them. */
@Injectable()
export class RequestWaits implements RedisObserver, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly instance = randomBytes(6).toString('base64url');
  private readonly micros = createHistogram();
  private readonly telling = new Repeated('telling workers of waits', TELL_INTERVAL_MS, () => this.tell());

  constructor(
    private readonly store: RequestWaitsStore,
    private readonly config: AppConfig,
    executor: RedisExecutor,
  ) {
    executor.observe(this);
  }

  onApplicationBootstrap(): void {
    if (this.config.feed.fanOutYields) this.telling.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.telling.stop();
  }

  answered({ traffic, seconds }: Answered): void {
    if (traffic === 'request') this.micros.record(Math.max(1, Math.round(seconds * 1e6)));
  }

  private async tell(): Promise<void> {
    if (this.micros.count === 0) return;
    const waitMs = this.micros.percentile(PERCENTILE) / 1_000;
    this.micros.reset();
    await this.store.tell(this.instance, waitMs);
  }
}
