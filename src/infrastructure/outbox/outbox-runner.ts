import { Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../database/transactional.decorator.js';
import { describeError } from '../logging/error-description.js';
import { ProcessEndsError } from '../redis/redis-unavailable.error.js';
import { activeSpan, within } from '../tracing/span.js';
import { Tracing } from '../tracing/tracing.js';
import {
  HandlesOutbox,
  JobInterruptedError,
  LeaseLostError,
  TurnEndedError,
  type OutboxHandler,
} from './outbox-handler.decorator.js';
import { dueAtOnce } from './outbox-due.js';
import { afterFailure, afterTurn, TURN_MS, type Lane } from './outbox-lanes.js';
import { OutboxFinisher } from './outbox-finisher.js';
import { OutboxLeaseRepository, type LeasedJob } from './outbox-lease.repository.js';
import { OutboxMetrics } from './outbox.metrics.js';
import { isDeadly, UnknownTypeError, verdictOn } from './outbox-verdict.js';

/** Runs leased jobs and records what became of each. */
@Injectable()
export class OutboxRunner {
  private readonly logger = new Logger(OutboxRunner.name);
  private readonly handlers = new Map<string, OutboxHandler>();

  constructor(
    private readonly repository: OutboxLeaseRepository,
    private readonly finisher: OutboxFinisher,
    private readonly discovery: DiscoveryService,
    private readonly metrics: OutboxMetrics,
    private readonly tracing: Tracing,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Before the first job: providers are all there only once the application is. */
  findHandlers(): void {
    for (const wrapper of this.discovery.getProviders({ metadataKey: HandlesOutbox.KEY })) {
      const type = this.discovery.getMetadataByDecorator(HandlesOutbox, wrapper)!;
      if (this.handlers.has(type)) throw new Error(`two handlers of outbox event ${type}`);
      this.handlers.set(type, wrapper.instance as OutboxHandler);
    }
  }

  /** Never throws. @param stop aborted when the job is to go on elsewhere */
  run(job: LeasedJob, stop: AbortSignal): Promise<void> {
    const span = this.tracing.begin({
      kind: 'job',
      name: `job ${job.type}`,
      attributes: {
        'messaging.system': 'outbox',
        'messaging.operation.type': 'process',
        'messaging.destination.name': job.type,
        'messaging.message.id': job.id,
        'sns.job.attempt': job.attempts,
      },
      parent: job.traceparent,
    });
    const attempt = (): Promise<void> => this.attempt(job, stop);
    return span ? within(span, attempt) : attempt();
  }

  private async attempt(job: LeasedJob, stop: AbortSignal): Promise<void> {
    try {
      if (isDeadly(job))
        return await this.park(job, new Error(`${job.losses} workers vanished while they had the job`));
      const handler = this.handlers.get(job.type);
      if (!handler) throw new UnknownTypeError(job.type);
      const begunMs = this.clock.nowMs();
      await handler.handle(job.payload, {
        progress: job.progress,
        mayHaveDone: job.isReplay ? 'anything' : job.attempts > 1 ? 'the next' : 'nothing',
        createdAt: job.createdAt,
        saveProgress: (progress) => this.saveProgress(job, progress, begunMs, stop),
      });
      await this.finisher.finish(job);
      this.metrics.finished(job.type, this.clock.nowMs() - job.createdAt.getTime());
    } catch (error) {
      if (error instanceof LeaseLostError) return;
      // If that fails too, the lease runs out by itself, and then the job is taken again.
      await this.giveBack(job, error, stop).catch((failure: unknown) =>
        this.logger.warn({ err: failure, event: job.id }, 'job could not be given back'),
      );
    }
  }

  private async saveProgress(job: LeasedJob, progress: string, begunMs: number, stop: AbortSignal): Promise<void> {
    await this.commitProgress(job, progress);
    if (progress !== job.progress) Object.assign(job, { failures: 0, strikes: 0, losses: 0, progress });
    if (stop.aborted) throw new JobInterruptedError();
    if (this.clock.nowMs() - begunMs >= TURN_MS) throw new TurnEndedError();
  }

  private async giveBack(job: LeasedJob, error: unknown, stop: AbortSignal): Promise<void> {
    if (error instanceof TurnEndedError) return this.pause(job, afterTurn(job.lane));
    if (error instanceof JobInterruptedError) return this.pause(job, job.lane);
    // A process that ends cuts short what its jobs wait for: that is no failure of theirs.
    if (error instanceof ProcessEndsError || stop.aborted) return this.handOver(job);
    activeSpan.getStore()?.fail(error);
    const nowMs = this.clock.nowMs();
    const { maxAttempts } = this.config.outbox;
    const verdict = verdictOn(error, job, { maxAttempts, nowMs, random: Math.random() });
    if (verdict.park) return this.park(job, error);
    this.metrics.failed(job.type);
    this.logger.error({ err: error, event: job.id, type: job.type, attempts: job.attempts }, 'job failed');
    await this.putOff(job, new Date(nowMs + verdict.delayMs), textOf(error), verdict.strike);
  }

  private async park(job: LeasedJob, error: unknown): Promise<void> {
    if (!(await this.commitParking(job, textOf(error)))) return;
    this.metrics.parked(job.type);
    this.logger.error(
      { err: error, event: job.id, type: job.type, attempts: job.attempts },
      `job parked; when its cause is mended: npm run outbox -- retry ${job.id}`,
    );
  }

  @Transactional()
  private async commitProgress(job: LeasedJob, progress: string): Promise<void> {
    const leaseUntil = new Date(this.clock.nowMs() + this.config.outbox.leaseMs);
    if (!(await this.repository.saveProgress(job, progress, leaseUntil))) throw new LeaseLostError(job);
  }

  @Transactional()
  private async pause(job: LeasedJob, lane: Lane): Promise<void> {
    await this.repository.pause(job, lane, dueAtOnce(this.clock));
  }

  @Transactional()
  private async handOver(job: LeasedJob): Promise<void> {
    await this.repository.handOver(job, dueAtOnce(this.clock));
  }

  @Transactional()
  private async putOff(job: LeasedJob, until: Date, error: string, strike: boolean): Promise<void> {
    await this.repository.putOff(job, afterFailure(job.lane), until, error, strike);
  }

  @Transactional()
  private commitParking(job: LeasedJob, error: string): Promise<boolean> {
    return this.repository.park(job, error);
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? describeError(error).message : String(error));
