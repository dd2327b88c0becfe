import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { TransactionHost } from '../database/transaction-host.js';
import { activeSpan } from '../tracing/span.js';
import { dueAtOnce } from './outbox-due.js';
import type { FirstLane } from './outbox-lanes.js';
import { InlineEffects } from './inline-effects.js';
import { OutboxRepository } from './outbox.repository.js';

/** Where a service leaves work that must happen once its transaction has committed, and never if it does not. */
@Injectable()
export class Outbox {
  constructor(
    private readonly repository: OutboxRepository,
    private readonly transactions: TransactionHost,
    private readonly inlineEffects: InlineEffects,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores an event in the open transaction; its inline effect, if it has one, runs right after the commit.
   *
   * @param lane `bulk` for what may come in thousands and nobody waits for
   */
  async append(type: string, payload: object, lane: FirstLane = 'live'): Promise<void> {
    const traceparent = activeSpan.getStore()?.traceparent;
    const availableAt = dueAtOnce(this.clock);
    await this.repository.insert({ type, payload, lane, now: this.clock.now(), availableAt, traceparent });
    this.transactions.afterCommit(() => this.inlineEffects.apply(type, payload));
  }
}
