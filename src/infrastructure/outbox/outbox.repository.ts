import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';
import { OutboxEventEntity } from './outbox-event.entity.js';
import type { FirstLane } from './outbox-lanes.js';

/** Where jobs begin and where they end. */
@Repository()
export class OutboxRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async insert(event: {
    type: string;
    payload: object;
    lane: FirstLane;
    now: Date;
    availableAt: Date;
    traceparent: string | undefined;
  }): Promise<void> {
    await this.transactions.manager.insert(OutboxEventEntity, {
      type: event.type,
      payload: event.payload,
      lane: event.lane,
      availableAt: event.availableAt,
      createdAt: event.now,
      traceparent: event.traceparent,
    });
  }

  /** Deletes up to `limit` jobs that finished before a moment. @returns how many went */
  async deleteFinished(before: Date, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      "DELETE FROM outbox_events WHERE state = 'finished' AND finished_at < ? LIMIT ?",
      [before, limit],
    );
    return result.affectedRows;
  }
}
