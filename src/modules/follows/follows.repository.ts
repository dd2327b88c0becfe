import { compareIds, type Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

interface WriteResult {
  affectedRows: number;
}

@Repository()
export class FollowsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Whether the user is there; keeps them there until the transaction ends. */
  async lockUser(id: Id): Promise<boolean> {
    const rows: unknown[] = await this.transactions.manager.query(
      'SELECT 1 FROM users WHERE id = ? AND deleted_at IS NULL FOR SHARE',
      [id],
    );
    return rows.length > 0;
  }

  /** Those of the users who are there; keeps them there until the transaction ends. */
  async lockUsers(ids: readonly Id[]): Promise<Set<Id>> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      `SELECT u.id
         FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS wanted STRAIGHT_JOIN users u ON u.id = wanted.id
        WHERE u.deleted_at IS NULL FOR SHARE OF u`,
      [JSON.stringify(ids)],
    );
    return new Set(rows.map((row) => row.id));
  }

  /** @returns whether the follow is new */
  async insert(followerId: Id, followeeId: Id, now: Date): Promise<boolean> {
    const result: WriteResult = await this.transactions.manager.query(
      'INSERT IGNORE INTO follows (followee_id, follower_id, created_at) VALUES (?, ?, ?)',
      [followeeId, followerId, now],
    );
    return result.affectedRows > 0;
  }

  /** @returns whether there was one */
  async delete(followerId: Id, followeeId: Id): Promise<boolean> {
    const result: WriteResult = await this.transactions.manager.query(
      'DELETE FROM follows WHERE followee_id = ? AND follower_id = ?',
      [followeeId, followerId],
    );
    return result.affectedRows > 0;
  }

  /** Moves both users' counts by one. The rows are taken in the order of ids, so that two follows cannot deadlock. */
  async changeCounts(followerId: Id, followeeId: Id, delta: 1 | -1): Promise<void> {
    const changes = [
      { userId: followerId, column: 'following_count' },
      { userId: followeeId, column: 'follower_count' },
    ].sort((a, b) => compareIds(a.userId, b.userId));
    for (const { userId, column } of changes) {
      await this.transactions.manager.query(
        `INSERT INTO user_counts (user_id, ${column}) VALUES (?, ?)
         ON DUPLICATE KEY UPDATE ${column} = ${column} + (?)`,
        [userId, Math.max(delta, 0), delta],
      );
    }
  }

  /** Those of `userIds` that `followerId` follows. */
  async followedAmong(followerId: Id, userIds: readonly Id[]): Promise<Id[]> {
    if (userIds.length === 0) return [];
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT followee_id AS id FROM follows WHERE follower_id = ? AND followee_id IN (?)',
      [followerId, userIds],
    );
    return rows.map((row) => row.id);
  }

  /** The next `limit` followers of a user in the order of their ids, after the one given. */
  async followersAfter(followeeId: Id, afterFollowerId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT follower_id AS id FROM follows WHERE followee_id = ? AND follower_id > ? ORDER BY follower_id LIMIT ?',
      [followeeId, afterFollowerId, limit],
    );
    return rows.map((row) => row.id);
  }

  /** The next `limit` of whom a user follows in the order of their ids, after the one given. */
  async followeesAfter(followerId: Id, afterFolloweeId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT followee_id AS id FROM follows WHERE follower_id = ? AND followee_id > ? ORDER BY followee_id LIMIT ?',
      [followerId, afterFolloweeId, limit],
    );
    return rows.map((row) => row.id);
  }
}
