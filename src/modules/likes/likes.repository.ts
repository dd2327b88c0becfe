import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

interface WriteResult {
  affectedRows: number;
}

/**
 * Of a row of `posts`: its author is there. What they wrote is hidden with their account, before it is cleared away. A subquery, because
 * a locking read locks none of its rows: many may like at once, and the author changes their profile meanwhile.
 */
const HAS_AUTHOR = 'EXISTS (SELECT 1 FROM users a WHERE a.id = posts.author_id AND a.deleted_at IS NULL)';

@Repository()
export class LikesRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Whether a post can be seen. */
  async postExists(postId: Id): Promise<boolean> {
    const rows: unknown[] = await this.transactions.manager.query(
      `SELECT 1 FROM posts WHERE id = ? AND deleted_at IS NULL AND ${HAS_AUTHOR}`,
      [postId],
    );
    return rows.length > 0;
  }

  /**
   * Likes a post, if it can be seen and the user is there, and keeps both there until the transaction ends. In one statement,
   * because every round trip of a like is one in which it holds a connection.
   *
   * @returns whether there is a new like
   */
  async insert(postId: Id, userId: Id, now: Date): Promise<boolean> {
    const result: WriteResult = await this.transactions.manager.query(
      `INSERT IGNORE INTO likes (post_id, user_id, created_at)
       SELECT posts.id, u.id, ? FROM posts JOIN users u ON u.id = ? AND u.deleted_at IS NULL
        WHERE posts.id = ? AND posts.deleted_at IS NULL AND ${HAS_AUTHOR} FOR SHARE`,
      [now, userId, postId],
    );
    return result.affectedRows > 0;
  }

  /** Takes a like of a post that is there. @returns whether there was one */
  async delete(postId: Id, userId: Id): Promise<boolean> {
    const result: WriteResult = await this.transactions.manager.query(
      `DELETE l FROM likes l JOIN posts p ON p.id = l.post_id
        WHERE l.post_id = ? AND l.user_id = ? AND p.deleted_at IS NULL`,
      [postId, userId],
    );
    return result.affectedRows > 0;
  }

  /** Those of `postIds` that a user likes. */
  async likedAmong(userId: Id, postIds: readonly Id[]): Promise<Id[]> {
    if (postIds.length === 0) return [];
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT post_id AS id FROM likes WHERE user_id = ? AND post_id IN (?)',
      [userId, postIds],
    );
    return rows.map((row) => row.id);
  }

  /** The newest posts that a user likes, by post, newest first. */
  async newestLiked(userId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT post_id AS id FROM likes WHERE user_id = ? ORDER BY post_id DESC LIMIT ?',
      [userId, limit],
    );
    return rows.map((row) => row.id);
  }

  /** Who likes a post, in the order of user ids, after the one given. */
  async likersAfter(postId: Id, afterUserId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT user_id AS id FROM likes WHERE post_id = ? AND user_id > ? ORDER BY user_id LIMIT ?',
      [postId, afterUserId, limit],
    );
    return rows.map((row) => row.id);
  }

  /** Deletes up to `limit` likes of a post. @returns how many went */
  async deleteOfPost(postId: Id, limit: number): Promise<number> {
    const result: WriteResult = await this.transactions.manager.query('DELETE FROM likes WHERE post_id = ? LIMIT ?', [
      postId,
      limit,
    ]);
    return result.affectedRows;
  }

  /** Locks up to `limit` likes of a user. @returns the liked posts */
  async lockOfUser(userId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT post_id AS id FROM likes WHERE user_id = ? ORDER BY post_id LIMIT ? FOR UPDATE',
      [userId, limit],
    );
    return rows.map((row) => row.id);
  }

  async deleteOfUser(userId: Id, postIds: readonly Id[]): Promise<void> {
    await this.transactions.manager.query('DELETE FROM likes WHERE user_id = ? AND post_id IN (?)', [userId, postIds]);
  }
}
