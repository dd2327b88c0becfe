import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

export interface PostReference {
  id: Id;
  createdAt: Date;
}

/**
 * Whose posts a reader's feed holds: their own and those of whom they follow. Without the cast the ids of all would be text, which
 * no index of numbers is sure to be used for.
 */
const AUTHORS = `(SELECT followee_id AS author_id FROM follows WHERE follower_id = ?
                  UNION ALL SELECT CAST(? AS SIGNED)) AS authors`;

/** The truth about feeds, in MySQL. Each query takes a bounded number of rows a followed author. */
@Repository()
export class FeedsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /**
   * The newest posts of a reader's authors created at or after a moment, newest first.
   *
   * The index is named, because MySQL reads the whole table for every author while its statistics are those of a table that was empty or
   * new: after an import, or on a server that has been restored.
   */
  recentPosts(readerId: Id, createdFrom: Date, limit: number): Promise<PostReference[]> {
    return this.transactions.manager.query(
      `SELECT recent.id, recent.created_at AS createdAt
         FROM ${AUTHORS}
         JOIN LATERAL (
           SELECT id, created_at FROM posts FORCE INDEX (ix_posts_author_created)
            WHERE author_id = authors.author_id AND created_at >= ? AND deleted_at IS NULL
            ORDER BY author_id DESC, created_at DESC, id DESC LIMIT ?
         ) AS recent
        ORDER BY recent.id DESC LIMIT ?`,
      [readerId, readerId, createdFrom, limit, limit],
    );
  }

  /** Authors who are large, or were so lately that posts of theirs are still pulled. */
  async largeAuthors(limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT user_id AS id FROM large_authors ORDER BY user_id LIMIT ?',
      [limit],
    );
    return rows.map((row) => row.id);
  }

  /**
   * Posts after one that are pulled, of the authors whom a reader follows, created at or after a moment, newest first.
   *
   * Begins with the large authors, of whom there are few.
   */
  pulledPosts(readerId: Id, afterId: Id, createdFrom: Date, limit: number): Promise<PostReference[]> {
    return this.transactions.manager.query(
      `SELECT pulled.id, pulled.created_at AS createdAt
         FROM large_authors
         STRAIGHT_JOIN follows ON follows.followee_id = large_authors.user_id AND follows.follower_id = ?
         JOIN LATERAL (
           SELECT id, created_at FROM posts FORCE INDEX (ix_posts_author)
            WHERE author_id = large_authors.user_id AND id > ? AND pulled = 1 AND deleted_at IS NULL AND created_at >= ?
            ORDER BY author_id DESC, id DESC LIMIT ?
         ) AS pulled
        ORDER BY pulled.id DESC LIMIT ?`,
      [readerId, afterId, createdFrom, limit, limit],
    );
  }

  /** Whose posts a reader's feed holds: the reader and whom they follow. */
  async authorsOf(readerId: Id): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT followee_id AS id FROM follows WHERE follower_id = ?',
      [readerId],
    );
    return [readerId, ...rows.map((row) => row.id)];
  }

  /**
   * The newest posts of authors below a post id, whatever their age, newest first.
   *
   * The index and its whole order are named, because MySQL otherwise reads all posts of each author and sorts them.
   */
  async postsBelow(authorIds: readonly Id[], belowId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      `SELECT older.id
         FROM JSON_TABLE(?, '$[*]' COLUMNS (author_id BIGINT PATH '$')) AS authors
         JOIN LATERAL (
           SELECT id FROM posts FORCE INDEX (ix_posts_author)
            WHERE author_id = authors.author_id AND id < ? AND deleted_at IS NULL
            ORDER BY author_id DESC, id DESC LIMIT ?
         ) AS older
        ORDER BY older.id DESC LIMIT ?`,
      [JSON.stringify(authorIds), belowId, limit, limit],
    );
    return rows.map((row) => row.id);
  }
}
