import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

/** A post whose counts in Redis are to be compared. */
export interface CountCheck {
  postId: Id;
  /** How often that was asked for by now. */
  notes: number;
}

/** Posts whose counts in Redis are to be compared with MySQL, noted with the changes that were written back. */
@Repository()
export class CountChecksRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Asks for checks of posts; one that was asked for already is put off. A post whose row is gone needs none. */
  async note(postIds: readonly Id[], dueAt: Date): Promise<void> {
    await this.transactions.manager.query(
      `INSERT INTO post_count_checks (post_id, due_at)
       SELECT id, due_at FROM (SELECT id, CAST(? AS DATETIME(3)) AS due_at FROM posts WHERE id IN (?)) AS noted
       ON DUPLICATE KEY UPDATE due_at = noted.due_at, notes = notes + 1`,
      [dueAt, postIds],
    );
  }

  /** Takes up to `limit` due checks, which are due again at `nextAt` unless they are {@link finish finished}. */
  async take(limit: number, now: Date, nextAt: Date): Promise<CountCheck[]> {
    const checks: CountCheck[] = await this.transactions.manager.query(
      `SELECT post_id AS postId, notes FROM post_count_checks
        WHERE due_at <= ? ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`,
      [now, limit],
    );
    if (checks.length === 0) return [];
    await this.transactions.manager.query('UPDATE post_count_checks SET due_at = ? WHERE post_id IN (?)', [
      nextAt,
      checks.map(({ postId }) => postId),
    ]);
    return checks;
  }

  /** Removes checks, but for those that were asked for again since they were taken. */
  async finish(checks: readonly CountCheck[]): Promise<void> {
    await this.transactions.manager.query(
      // Each by its key, for the same reason as changes are: see CountFlushRepository.delete.
      `DELETE checks FROM JSON_TABLE(?, '$[*]' COLUMNS (
           post_id BIGINT PATH '$.postId', notes INT UNSIGNED PATH '$.notes')) AS done
         STRAIGHT_JOIN post_count_checks AS checks ON checks.post_id = done.post_id AND checks.notes = done.notes`,
      [JSON.stringify(checks)],
    );
  }

  /** How many checks there are, counted up to `most`. */
  async pending(most: number): Promise<number> {
    const rows: unknown[] = await this.transactions.manager.query('SELECT post_id FROM post_count_checks LIMIT ?', [
      most,
    ]);
    return rows.length;
  }
}
