import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

interface WriteResult {
  affectedRows: number;
}

@Repository()
export class LikesRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Whether the post is there; keeps it there until the transaction ends. */
  async lockPost(postId: Id): Promise<boolean> {
    const rows: unknown[] = await this.transactions.manager.query(
      'SELECT 1 FROM posts WHERE id = ? AND deleted_at IS NULL FOR SHARE',
      [postId],
    );
    return rows.length > 0;
  }

  async postExists(postId: Id): Promise<boolean> {
    const rows: unknown[] = await this.transactions.manager.query(
      'SELECT 1 FROM posts WHERE id = ? AND deleted_at IS NULL',
      [postId],
    );
    return rows.length > 0;
  }

  /** @returns whether the like is new */
  async insert(postId: Id, userId: Id, now: Date): Promise<boolean> {
    const result: WriteResult = await this.transactions.manager.query(
      'INSERT IGNORE INTO likes (post_id, user_id, created_at) VALUES (?, ?, ?)',
      [postId, userId, now],
    );
    return result.affectedRows > 0;
  }

  /** @returns whether there was one */
  async delete(postId: Id, userId: Id): Promise<boolean> {
    const result: WriteResult = await this.transactions.manager.query(
      'DELETE FROM likes WHERE post_id = ? AND user_id = ?',
      [postId, userId],
    );
    return result.affectedRows > 0;
  }

  async increaseCount(postId: Id): Promise<void> {
    await this.transactions.manager.query(
      'INSERT INTO post_counts (post_id, like_count) VALUES (?, 1) ON DUPLICATE KEY UPDATE like_count = like_count + 1',
      [postId],
    );
  }

  /** One less for each of the posts; a post may be named once only. */
  async decreaseCounts(postIds: readonly Id[]): Promise<void> {
    await this.transactions.manager.query('UPDATE post_counts SET like_count = like_count - 1 WHERE post_id IN (?)', [
      postIds,
    ]);
  }

  async count(postId: Id): Promise<number> {
    const rows: { count: number }[] = await this.transactions.manager.query(
      'SELECT like_count AS count FROM post_counts WHERE post_id = ?',
      [postId],
    );
    return rows[0]?.count ?? 0;
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
