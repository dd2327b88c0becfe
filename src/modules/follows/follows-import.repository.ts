import { compareIds, type Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

export interface Follow {
  followerId: Id;
  followeeId: Id;
}

/** By how much the counts of a user grow. */
export interface CountAddition {
  followers: number;
  following: number;
}

/** A list of follows as one JSON parameter, an array of pairs, that can be joined; an IN of this length is slower. */
const FOLLOWS_PARAMETER = `JSON_TABLE(?, '$[*]' COLUMNS (
  followee_id BIGINT PATH '$[0]', follower_id BIGINT PATH '$[1]'))`;

/** Statements over some thousand follows at once. */
@Repository()
export class FollowsImportRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Those of many follows that exist. */
  existingAmong(follows: readonly Follow[]): Promise<Follow[]> {
    return this.transactions.manager.query(
      `SELECT f.follower_id AS followerId, f.followee_id AS followeeId
         FROM ${FOLLOWS_PARAMETER} AS wanted
              STRAIGHT_JOIN follows f ON f.followee_id = wanted.followee_id AND f.follower_id = wanted.follower_id`,
      [JSON.stringify(follows.map(({ followeeId, followerId }) => [followeeId, followerId]))],
    );
  }

  /** Writes many follows, in the order given; a duplicate fails all of them. */
  async insertAll(follows: readonly Follow[], now: Date): Promise<void> {
    const rows = follows.map(({ followeeId, followerId }) => [followeeId, followerId, now]);
    await this.transactions.manager.query('INSERT INTO follows (followee_id, follower_id, created_at) VALUES ?', [
      rows,
    ]);
  }

  /** Adds to the counts of many users. The rows are taken in the order of ids, as those of a single follow are. */
  async addCounts(additions: ReadonlyMap<Id, CountAddition>): Promise<void> {
    const rows = [...additions]
      .sort(([a], [b]) => compareIds(a, b))
      .map(([userId, { followers, following }]) => [userId, followers, following]);
    await this.transactions.manager.query(
      `INSERT INTO user_counts (user_id, follower_count, following_count) VALUES ? AS added
       ON DUPLICATE KEY UPDATE follower_count = user_counts.follower_count + added.follower_count,
                               following_count = user_counts.following_count + added.following_count`,
      [rows],
    );
  }
}
