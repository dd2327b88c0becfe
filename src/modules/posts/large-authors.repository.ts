import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

/** Authors with so many followers that their posts are pulled by those who read, not pushed to everybody. */
@Repository()
export class LargeAuthorsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** How many follow an author, and whether their new posts are pulled. */
  async stateOf(authorId: Id): Promise<{ followers: number; pulls: boolean }> {
    const rows: { followers: number | null; pulls: number | null }[] = await this.transactions.manager.query(
      `SELECT (SELECT follower_count FROM user_counts WHERE user_id = ?) AS followers,
              (SELECT pulls FROM large_authors WHERE user_id = ?) AS pulls`,
      [authorId, authorId],
    );
    return { followers: Number(rows[0]!.followers ?? 0), pulls: rows[0]!.pulls === 1 };
  }

  async setPulls(authorId: Id, pulls: boolean, now: Date): Promise<void> {
    await this.transactions.manager.query(
      `INSERT INTO large_authors (user_id, pulls, changed_at) VALUES (?, ?, ?)
       ON DUPLICATE KEY UPDATE pulls = ?, changed_at = ?`,
      [authorId, pulls, now, pulls, now],
    );
  }

  /** Forgets up to `limit` authors who stopped being large before a moment. @returns how many went */
  async deleteFormer(before: Date, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'DELETE FROM large_authors WHERE pulls = 0 AND changed_at < ? LIMIT ?',
      [before, limit],
    );
    return result.affectedRows;
  }
}
