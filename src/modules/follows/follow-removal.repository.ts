import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

/** Removal of what a deleted account followed and was followed by, in batches. */
@Repository()
export class FollowRemovalRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Removes up to `limit` follows by a user, with their share in the counts. @returns how many went */
  async deleteByFollower(followerId: Id, limit: number): Promise<number> {
    const followeeIds = await this.ids(
      'SELECT followee_id AS id FROM follows WHERE follower_id = ? ORDER BY followee_id LIMIT ? FOR UPDATE',
      [followerId, limit],
    );
    if (followeeIds.length === 0) return 0;
    await this.query('DELETE FROM follows WHERE follower_id = ? AND followee_id IN (?)', [followerId, followeeIds]);
    await this.query('UPDATE user_counts SET follower_count = follower_count - 1 WHERE user_id IN (?)', [followeeIds]);
    return followeeIds.length;
  }

  /** Removes up to `limit` follows of a user, with their share in the counts. @returns who followed */
  async deleteByFollowee(followeeId: Id, limit: number): Promise<Id[]> {
    const followerIds = await this.ids(
      'SELECT follower_id AS id FROM follows WHERE followee_id = ? ORDER BY follower_id LIMIT ? FOR UPDATE',
      [followeeId, limit],
    );
    if (followerIds.length === 0) return [];
    await this.query('DELETE FROM follows WHERE followee_id = ? AND follower_id IN (?)', [followeeId, followerIds]);
    await this.query('UPDATE user_counts SET following_count = following_count - 1 WHERE user_id IN (?)', [
      followerIds,
    ]);
    return followerIds;
  }

  private async ids(sql: string, parameters: unknown[]): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(sql, parameters);
    return rows.map((row) => row.id);
  }

  private async query(sql: string, parameters: unknown[]): Promise<void> {
    await this.transactions.manager.query(sql, parameters);
  }
}
