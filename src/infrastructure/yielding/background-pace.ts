import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { AppConfig } from '../../config/app-config.js';
import { MetricFactory } from '../metrics/metric-factory.js';
import { Repeated } from '../scheduling/repeated.js';
import { TELL_INTERVAL_MS } from './request-waits.js';
import { RequestWaitsStore } from './request-waits.store.js';
import { nextShare } from './yielding.rules.js';

/** Who takes longer does not hold up the others: a node that is frozen must not stop what goes to the rest. */
const LONGEST_TURN_MS = 500;
/**
 * A part keeps nodes busy for a few milliseconds, some tens on a busy machine. What it takes beyond that it waits, for a replica that is
 * away (0.1 s) for instance, and nobody needs a rest from that: jobs would not be done before their leases run out.
 */
const MOST_USE_MS = 50;

/**
 * Lets background work that keeps nodes of Redis busy yield to requests: while requests wait too long it goes one part at a
 * time, with rests between, so that it takes a share of the time only.
 */
@Injectable()
export class BackgroundPace implements OnApplicationBootstrap, OnApplicationShutdown {
  /** `undefined` while there are no requests. */
  private share?: number | undefined;
  private used = false;
  /** Without bound: who waits are the jobs of this worker, which are counted. */
  private readonly turns = bulkhead(1, Number.POSITIVE_INFINITY);
  private readonly looking = new Repeated('looking for waits of requests', TELL_INTERVAL_MS, () => this.look());

  constructor(
    private readonly waits: RequestWaitsStore,
    private readonly config: AppConfig,
    metrics: MetricFactory,
  ) {
    const share = (): number => this.share ?? 1;
    metrics.gauge('background_share', 'Share of the time that fan-out may take of Redis', [], function () {
      this.set(share());
    });
  }

  onApplicationBootstrap(): void {
    if (this.config.feed.fanOutYields) this.looking.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.looking.stop();
  }

  /** Whether there are requests to yield to, so that work goes in small parts. */
  get yields(): boolean {
    return this.share !== undefined && this.share < 1;
  }

  /** Does a part of the work when it is its turn. @throws what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.used = true;
    if (!this.yields) return work();
    const ownWork = AsyncLocalStorage.bind(work); // a turn begins where the one before ended, which is in another job
    let running: Promise<T> | undefined;
    await this.turns.execute(async () => {
      const begunMs = performance.now();
      running = ownWork();
      await Promise.race([running.catch(() => undefined), delay(LONGEST_TURN_MS, undefined, { ref: false })]);
      const usedMs = Math.min(performance.now() - begunMs, MOST_USE_MS);
      const restMs = usedMs * (1 / (this.share ?? 1) - 1);
      await delay(restMs, undefined, { ref: false });
    });
    return running!;
  }

  private async look(): Promise<void> {
    const slowestMs = await this.waits.slowest();
    this.share = nextShare(this.share, { slowestMs, targetMs: this.config.redis.requestWaitMs, used: this.used });
    this.used = false;
  }
}
