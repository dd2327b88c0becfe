import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../database/transactional.decorator.js';
import { JobInterruptedError, HandlesOutbox, LeaseLostError, type OutboxHandler } from './outbox-handler.decorator.js';
import { OutboxMetrics } from './outbox.metrics.js';
import { OutboxRepository, type LeasedEvent } from './outbox.repository.js';

/** Jobs of one worker at a time: enough to hide the waits on MySQL and Redis, few enough to keep the event loop free. */
const CONCURRENCY = 4;
/** A failing job waits 2, 4, 8 … s, so that retries do not worsen an outage, and at most 5 min, so that it is found healed. */
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 300_000;

/** Leases due jobs, runs their handlers and records the outcome. Any number of workers may run one. */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OutboxRelay.name);
  private readonly handlers = new Map<string, OutboxHandler>();
  private readonly running = new Set<Promise<void>>();
  private readonly stop = new AbortController();
  private loop?: Promise<void>;

  constructor(
    private readonly repository: OutboxRepository,
    private readonly discovery: DiscoveryService,
    private readonly metrics: OutboxMetrics,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    for (const wrapper of this.discovery.getProviders({ metadataKey: HandlesOutbox.KEY })) {
      const type = this.discovery.getMetadataByDecorator(HandlesOutbox, wrapper)!;
      if (this.handlers.has(type)) throw new Error(`two handlers of outbox event ${type}`);
      this.handlers.set(type, wrapper.instance as OutboxHandler);
    }
    this.loop = this.run();
  }

  /** Takes no more jobs, lets the running ones reach their next saved progress, and gives them back. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.loop;
    await Promise.all(this.running);
  }

  private async run(): Promise<void> {
    let unreachable = false;
    while (!this.stop.signal.aborted) {
      let taken = 0;
      try {
        taken = await this.takeJobs();
        unreachable = false;
      } catch (error) {
        if (!unreachable) this.logger.error(error, 'jobs cannot be leased; trying again');
        unreachable = true;
      }
      const idle = delay(this.config.outbox.pollIntervalMs, undefined, { signal: this.stop.signal }).catch(
        () => undefined,
      );
      if (taken === 0 || this.running.size >= CONCURRENCY) await Promise.race([idle, ...this.running]);
    }
  }

  private async takeJobs(): Promise<number> {
    const free = CONCURRENCY - this.running.size;
    if (free <= 0) return 0;
    const events = await this.lease(free);
    for (const event of events) {
      const job = this.process(event).finally(() => this.running.delete(job));
      this.running.add(job);
    }
    return events.length;
  }

  private async process(event: LeasedEvent): Promise<void> {
    try {
      const handler = this.handlers.get(event.type);
      if (!handler) throw new Error(`no handler of outbox event type ${event.type}`);
      await handler.handle(event.payload, {
        progress: event.progress,
        attempts: event.attempts,
        createdAt: event.createdAt,
        saveProgress: (progress) => this.saveProgress(event, progress),
      });
      await this.finish(event);
      this.metrics.finished(event.type, this.clock.nowMs() - event.createdAt.getTime());
    } catch (error) {
      await this.giveBack(event, error);
    }
  }

  private async giveBack(event: LeasedEvent, error: unknown): Promise<void> {
    if (error instanceof LeaseLostError) return;
    const interrupted = error instanceof JobInterruptedError;
    const message = interrupted ? null : error instanceof Error ? error.message : String(error);
    if (!interrupted) {
      this.metrics.failed(event.type);
      this.logger.error({ err: error, event: event.id, type: event.type, attempts: event.attempts }, 'job failed');
    }
    const retryAt = new Date(this.clock.nowMs() + (interrupted ? 0 : retryDelayMs(event.attempts)));
    try {
      await this.release(event, retryAt, message);
    } catch (releaseError) {
      // The lease runs out by itself, and then the job is taken again.
      this.logger.warn({ err: releaseError, event: event.id }, 'job could not be given back');
    }
  }

  @Transactional()
  private async lease(limit: number): Promise<LeasedEvent[]> {
    const now = this.clock.now();
    return this.repository.lease(limit, randomBytes(16), now, this.leaseEnd());
  }

  private async saveProgress(event: LeasedEvent, progress: string): Promise<void> {
    await this.commitProgress(event, progress);
    if (this.stop.signal.aborted) throw new JobInterruptedError();
  }

  @Transactional()
  private async commitProgress(event: LeasedEvent, progress: string): Promise<void> {
    if (!(await this.repository.saveProgress(event, progress, this.leaseEnd()))) throw new LeaseLostError(event);
  }

  @Transactional()
  private async finish(event: LeasedEvent): Promise<void> {
    if (!(await this.repository.finish(event, this.clock.now()))) throw new LeaseLostError(event);
  }

  @Transactional()
  private async release(event: LeasedEvent, availableAt: Date, error: string | null): Promise<void> {
    await this.repository.release(event, availableAt, error);
  }

  private leaseEnd(): Date {
    return new Date(this.clock.nowMs() + this.config.outbox.leaseMs);
  }
}

/** Exponential backoff with equal jitter: half of the delay is fixed, half random, so that jobs do not come back together. */
function retryDelayMs(attempts: number): number {
  const full = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS);
  return full / 2 + (Math.random() * full) / 2;
}
