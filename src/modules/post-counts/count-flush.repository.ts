import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import type { CountChange, PendingChange, PostCounts } from './post-counts.rules.js';

/** What writes changes back; everybody locks in the order changes, counts, checks, each by id. */
@Repository()
export class CountFlushRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Takes up to `limit` changes, the oldest first, but for those that another one is taking or that are not committed. */
  take(limit: number): Promise<PendingChange[]> {
    return this.transactions.manager.query(
      `SELECT id, post_id AS postId, likes, comments, created_at AS createdAt FROM post_count_changes
        ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED`,
      [limit],
    );
  }

  /** What is written back of posts so far, kept as it is until the transaction ends. */
  async lockCounts(postIds: readonly Id[]): Promise<Map<Id, PostCounts>> {
    const rows: { id: Id; likes: number; comments: number }[] = await this.transactions.manager.query(
      `SELECT post_id AS id, like_count AS likes, comment_count AS comments FROM post_counts
        WHERE post_id IN (?) ORDER BY post_id FOR UPDATE`,
      [postIds],
    );
    return new Map(rows.map(({ id, likes, comments }) => [id, { likes, comments }]));
  }

  /** Adds sums to the counts of posts, in one statement. A post whose row is gone gets none. */
  async add(sums: readonly CountChange[]): Promise<void> {
    await this.transactions.manager.query(
      `INSERT INTO post_counts (post_id, like_count, comment_count)
       SELECT id, GREATEST(likes, 0), GREATEST(comments, 0)
         FROM (SELECT p.id, sums.likes, sums.comments FROM ${SUMS} JOIN posts p ON p.id = sums.id) AS added
       ON DUPLICATE KEY UPDATE like_count = like_count + added.likes, comment_count = comment_count + added.comments`,
      [JSON.stringify(sums)],
    );
  }

  async delete(changeIds: readonly Id[]): Promise<void> {
    // Each by its key. With `id IN (…)` MySQL scans a small table, and a range of it to the row behind: those rows
    // another flush holds, which waits for the counts that this one holds.
    await this.transactions.manager.query(
      `DELETE changes FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS done
         STRAIGHT_JOIN post_count_changes AS changes ON changes.id = done.id`,
      [JSON.stringify(changeIds)],
    );
  }

  /** When the oldest change was made that is not written back. */
  async oldest(): Promise<Date | undefined> {
    const rows: { createdAt: Date }[] = await this.transactions.manager.query(
      'SELECT created_at AS createdAt FROM post_count_changes ORDER BY id LIMIT 1',
    );
    return rows[0]?.createdAt;
  }
}

const SUMS = `JSON_TABLE(?, '$[*]' COLUMNS (
  id BIGINT PATH '$.postId', likes INT PATH '$.likes', comments INT PATH '$.comments')) AS sums`;
