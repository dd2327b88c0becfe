import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import type { CountChange, TrueCounts } from './post-counts.rules.js';

/** MySQL side of the counts of posts: what is written back in `post_counts`, and the changes since. */
@Repository()
export class PostCountsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Adds changes; nobody else's row is touched, so nobody waits. */
  async append(changes: readonly CountChange[], now: Date): Promise<void> {
    if (changes.length === 0) return;
    const rows = changes.map(({ postId, likes, comments }) => [postId, likes, comments, now]);
    await this.transactions.manager.query(
      'INSERT INTO post_count_changes (post_id, likes, comments, created_at) VALUES ?',
      [rows],
    );
  }

  /** What the node that is asked holds of posts; one that is missing is gone or deleted. */
  async counts(ids: readonly Id[]): Promise<Map<Id, TrueCounts>> {
    if (ids.length === 0) return new Map();
    // One statement sees one moment: a flush that moves changes meanwhile is seen wholly or not at all.
    const rows: { id: Id; likes: string; comments: string; pending: string }[] = await this.transactions.manager.query(
      `SELECT p.id, COALESCE(c.like_count, 0) + COALESCE(d.likes, 0) AS likes,
              COALESCE(c.comment_count, 0) + COALESCE(d.comments, 0) AS comments, COALESCE(d.pending, 0) AS pending
         FROM posts p
         LEFT JOIN post_counts c ON c.post_id = p.id
         LEFT JOIN (
           SELECT post_id, SUM(likes) AS likes, SUM(comments) AS comments, SUM(ABS(likes) + ABS(comments)) AS pending
             FROM post_count_changes WHERE post_id IN (?) GROUP BY post_id) AS d ON d.post_id = p.id
        WHERE p.id IN (?) AND p.deleted_at IS NULL`,
      [ids, ids],
    );
    return new Map(
      rows.map(({ id, likes, comments, pending }) => [
        id,
        { likes: atLeastZero(likes), comments: atLeastZero(comments), pending: Number(pending) },
      ]),
    );
  }

  /** Deletes up to `limit` changes of a post that is gone. @returns how many went */
  async deleteChanges(postId: Id, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'DELETE FROM post_count_changes WHERE post_id = ? LIMIT ?',
      [postId, limit],
    );
    return result.affectedRows;
  }

  /** Removes what is left of a post that is gone. */
  async purge(postId: Id): Promise<void> {
    // In the order in which a flush locks: one that holds changes of this post is waited for here, not overtaken.
    for (const table of ['post_count_changes', 'post_counts', 'post_count_checks']) {
      await this.transactions.manager.query(`DELETE FROM ${table} WHERE post_id = ?`, [postId]);
    }
  }
}

/** Below zero only while counts are wrong, which a flush mends. */
const atLeastZero = (count: string): number => Math.max(0, Number(count));
