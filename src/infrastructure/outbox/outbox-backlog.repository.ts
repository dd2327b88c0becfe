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

  /** Up to `limit` jobs that wait or are under way, in no particular order; parked ones wait for an operator and not for long. */
  pending(limit: number): Promise<PendingEvent[]> {
    return this.transactions.manager.query(
      "SELECT type, payload FROM outbox_events WHERE state = 'pending' AND lane <> 'parked' LIMIT ?",
      [limit],
    );
  }
}
