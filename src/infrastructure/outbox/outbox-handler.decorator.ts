import { DiscoveryService } from '@nestjs/core';
import type { LeasedJob } from './outbox-lease.repository.js';

/** What a handler may do with its job while it works. */
export interface JobContext {
  /** How far an earlier try came, or `null` at the start. */
  progress: string | null;
  /**
   * What may have been done before, besides what the progress says. `the next`: an earlier try failed, or its worker ended, after it may have
   * done any part of what follows its saved progress, up to where it would have saved it next. `anything`: this is a replay after a failover
   * of Redis, which may or may not have lost what was done. `nothing` also of a long job that goes on after others had their turn.
   */
  mayHaveDone: 'nothing' | 'the next' | 'anything';
  /** When the job was stored. */
  createdAt: Date;
  /**
   * Makes the work so far durable and extends the lease. A text that differs from the last one says that the job came
   * further: what failed before that does not count any more.
   *
   * @throws LeaseLostError when another worker has taken the job over: stop, it goes on there
   * @throws JobInterruptedError when this worker is shutting down, or others are to have their turn: the job goes on from here
   */
  saveProgress(progress: string): Promise<void>;
}

/** Does the work of one type of outbox event. It runs at least once, so it must be idempotent. */
export interface OutboxHandler<Payload = unknown> {
  handle(payload: Payload, context: JobContext): Promise<void>;
}

/** Another worker owns the job now. */
export class LeaseLostError extends Error {
  constructor(job: LeasedJob) {
    super(`the lease of outbox event ${job.id} was lost`);
  }
}

/** The job goes on from its saved progress, elsewhere or later. */
export class JobInterruptedError extends Error {
  constructor(message = 'the worker is shutting down') {
    super(message);
  }
}

/** The job has had its turn, and goes behind others that wait. */
export class TurnEndedError extends JobInterruptedError {
  constructor() {
    super('the job has had its turn');
  }
}

/** Marks a provider as the handler of one event type: `@HandlesOutbox('post.created')`. */
export const HandlesOutbox = DiscoveryService.createDecorator<string>();
