import type { Id } from '../../common/id.js';
import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';
import { OutboxEventEntity } from './outbox-event.entity.js';

/** A job as a worker holds it. */
export interface LeasedEvent {
  id: Id;
  type: string;
  payload: unknown;
  progress: string | null;
  /** This try included. */
  attempts: number;
  createdAt: Date;
  leaseToken: Buffer;
}

/** Longest error text that is kept with a job, in characters. */
const MAX_ERROR_LENGTH = 500;

/** MySQL side of the outbox. Every update of a leased job is fenced by its lease token. */
@Repository()
export class OutboxRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async insert(event: { type: string; payload: object; now: Date }): Promise<void> {
    await this.transactions.manager.insert(OutboxEventEntity, {
      type: event.type,
      payload: event.payload,
      availableAt: event.now,
      createdAt: event.now,
    });
  }

  /**
   * Takes up to `limit` due jobs, the longest due first, and skips those that another worker is taking.
   *
   * @param leaseUntil when another worker may take them over
   */
  async lease(limit: number, leaseToken: Buffer, now: Date, leaseUntil: Date): Promise<LeasedEvent[]> {
    const { manager } = this.transactions;
    const rows: {
      id: Id;
      type: string;
      payload: unknown;
      progress: string | null;
      attempts: number;
      createdAt: Date;
    }[] = await manager.query(
      `SELECT id, type, payload, progress, attempts, created_at AS createdAt
           FROM outbox_events
          WHERE state = 'pending' AND available_at <= ?
          ORDER BY available_at
          LIMIT ? FOR UPDATE SKIP LOCKED`,
      [now, limit],
    );
    if (rows.length === 0) return [];
    await manager.query(
      'UPDATE outbox_events SET lease_token = ?, available_at = ?, attempts = attempts + 1 WHERE id IN (?)',
      [leaseToken, leaseUntil, rows.map((row) => row.id)],
    );
    return rows.map((row) => ({ ...row, attempts: row.attempts + 1, leaseToken }));
  }

  /** Saves how far a job has come and extends its lease. @returns whether the lease was still held */
  saveProgress(event: LeasedEvent, progress: string, leaseUntil: Date): Promise<boolean> {
    return this.updateLeased(event, 'progress = ?, available_at = ?', [progress, leaseUntil]);
  }

  /** @returns whether the lease was still held */
  finish(event: LeasedEvent, now: Date): Promise<boolean> {
    return this.updateLeased(event, "state = 'finished', finished_at = ?, lease_token = NULL, last_error = NULL", [
      now,
    ]);
  }

  /** Gives a job back, to be tried again from `availableAt` on. @returns whether the lease was still held */
  release(event: LeasedEvent, availableAt: Date, error: string | null): Promise<boolean> {
    return this.updateLeased(event, 'available_at = ?, lease_token = NULL, last_error = ?', [
      availableAt,
      error?.slice(0, MAX_ERROR_LENGTH) ?? null,
    ]);
  }

  /** Deletes up to `limit` jobs that finished before a moment. @returns how many went */
  async deleteFinished(before: Date, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      "DELETE FROM outbox_events WHERE state = 'finished' AND finished_at < ? LIMIT ?",
      [before, limit],
    );
    return result.affectedRows;
  }

  /** Jobs that are not finished, and the creation time of the oldest. */
  async backlog(): Promise<{ count: number; oldest: Date | null }> {
    const [row]: { count: string; oldest: Date | null }[] = await this.transactions.manager.query(
      "SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM outbox_events WHERE state = 'pending'",
    );
    return { count: Number(row!.count), oldest: row!.oldest };
  }

  private async updateLeased(event: LeasedEvent, assignments: string, values: unknown[]): Promise<boolean> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      `UPDATE outbox_events SET ${assignments} WHERE id = ? AND lease_token = ? AND state = 'pending'`,
      [...values, event.id, event.leaseToken],
    );
    return result.affectedRows === 1;
  }
}
