import type { Id } from '../../common/id.js';
import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';

/** Jobs that are not finished and may have done a part of their work. */
const BEGUN = "state = 'pending' AND (lease_token IS NOT NULL OR progress IS NOT NULL)";

/**
 * Lets jobs run once more whose effects may be lost. They are known by a moment at which they were finished, or are taken for it, while
 * they are pending; it stays until they are finished again.
 */
@Repository()
export class OutboxReplayRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Ids of jobs that finished between two moments, in no particular order. */
  async finishedBetween(from: Date, until: Date, limit: number): Promise<Id[]> {
    return this.ids("SELECT id FROM outbox_events WHERE state = 'finished' AND finished_at BETWEEN ? AND ? LIMIT ?", [
      from,
      until,
      limit,
    ]);
  }

  /**
   * Makes finished jobs due again, from their beginning. They wait where they delay no new ones, and count as tried once, for workers of
   * before, which know a replay by that.
   *
   * @returns how many of them were finished
   */
  reopen(ids: readonly Id[], now: Date): Promise<number> {
    return this.change(
      `UPDATE outbox_events SET state = 'pending', lane = IF(lane = 'bulk', 'bulk', 'retry'), progress = NULL, attempts = 1, failures = 0,
              strikes = 0, losses = 0, available_at = ?
        WHERE id IN (?) AND state = 'finished'`,
      [now, ids],
    );
  }

  /** How many of the jobs are not finished. */
  async countUnfinished(ids: readonly Id[]): Promise<number> {
    const rows: { count: string }[] = await this.transactions.manager.query(
      "SELECT COUNT(*) AS count FROM outbox_events WHERE id IN (?) AND state <> 'finished'",
      [ids],
    );
    return Number(rows[0]!.count);
  }

  /**
   * Takes all jobs that are under way from their workers and lets them begin anew: what their saved progress says to be done
   * may be lost. Looks without locks, because the backlog may be long.
   *
   * @param batch jobs of one statement; those that have begun anew are not found again
   * @returns how many
   */
  async restartBegun(now: Date, batch: number): Promise<number> {
    let restarted = 0;
    let ids: Id[];
    do {
      ids = await this.ids(`SELECT id FROM outbox_events WHERE ${BEGUN} LIMIT ?`, [batch]);
      if (ids.length > 0) restarted += await this.restart(ids, now);
    } while (ids.length === batch);
    return restarted;
  }

  private restart(ids: readonly Id[], now: Date): Promise<number> {
    return this.change(
      `UPDATE outbox_events SET progress = NULL, lease_token = NULL, attempts = GREATEST(attempts, 1),
              finished_at = COALESCE(finished_at, ?), available_at = IF(lane = 'parked', available_at, ?)
        WHERE id IN (?) AND ${BEGUN}`,
      [now, now, ids],
    );
  }

  private async ids(sql: string, parameters: unknown[]): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(sql, parameters);
    return rows.map(({ id }) => id);
  }

  private async change(sql: string, parameters: unknown[]): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(sql, parameters);
    return result.affectedRows;
  }
}
