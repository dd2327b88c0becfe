import { DiscoveryService } from '@nestjs/core';
import type { LeasedEvent } from './outbox.repository.js';

/** What a handler may do with its job while it works. */
export interface JobContext {
  /** How far an earlier try came, or `null` at the start. */
  progress: string | null;
  /** Tries, this one included: what an earlier one did is not known. A replay after a failover of Redis is never the first. */
  attempts: number;
  /** When the job was stored. */
  createdAt: Date;
  /**
   * Makes the work so far durable and extends the lease.
   *
   * @throws LeaseLostError when another worker has taken the job over: stop, it goes on there
   * @throws JobInterruptedError when this worker is shutting down: the job goes on from here elsewhere
   */
  saveProgress(progress: string): Promise<void>;
}

/** Does the work of one type of outbox event. It runs at least once, so it must be idempotent. */
export interface OutboxHandler<Payload = unknown> {
  handle(payload: Payload, context: JobContext): Promise<void>;
}

/** Another worker owns the job now. */
export class LeaseLostError extends Error {
  constructor(event: LeasedEvent) {
    super(`the lease of outbox event ${event.id} was lost`);
  }
}

/** The worker is shutting down; its progress is saved. */
export class JobInterruptedError extends Error {
  constructor() {
    super('the worker is shutting down');
  }
}

/** Marks a provider as the handler of one event type: `@HandlesOutbox('post.created')`. */
export const HandlesOutbox = DiscoveryService.createDecorator<string>();
