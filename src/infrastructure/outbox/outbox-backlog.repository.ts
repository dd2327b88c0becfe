import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';

/** A job that has not been done. */
export interface PendingEvent {
  type: string;
  payload: unknown;
}

/** What is still to be done, for whoever asks why something is not done yet. */
@Repository()
export class OutboxBacklogRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Up to `limit` jobs that wait or are under way, in no particular order. */
  pending(limit: number): Promise<PendingEvent[]> {
    return this.transactions.manager.query("SELECT type, payload FROM outbox_events WHERE state = 'pending' LIMIT ?", [
      limit,
    ]);
  }
}
