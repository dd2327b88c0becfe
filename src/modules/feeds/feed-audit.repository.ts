import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import type { ExpectedPost } from './feed-audit.rules.js';

/** What many feeds should hold, in a few statements. */
@Repository()
export class FeedAuditRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Those of the users who are there. */
  async usersAmong(ids: readonly Id[]): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT id FROM users WHERE id IN (?) AND deleted_at IS NULL',
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  followeesOf(readerIds: readonly Id[]): Promise<{ readerId: Id; authorId: Id }[]> {
    return this.transactions.manager.query(
      'SELECT follower_id AS readerId, followee_id AS authorId FROM follows WHERE follower_id IN (?)',
      [readerIds],
    );
  }

  /** Posts of authors that were created between two moments, the newest `limit` of each. */
  async postsBetween(authorIds: readonly Id[], from: Date, until: Date, limit: number): Promise<ExpectedPost[]> {
    const rows: (Omit<ExpectedPost, 'pulled'> & { pulled: number })[] = await this.transactions.manager.query(
      `SELECT recent.id, recent.author_id AS authorId, recent.created_at AS createdAt, recent.pulled
         FROM JSON_TABLE(?, '$[*]' COLUMNS (author_id BIGINT PATH '$')) AS authors
         JOIN LATERAL (
           SELECT id, author_id, created_at, pulled FROM posts FORCE INDEX (ix_posts_author_created)
            WHERE author_id = authors.author_id AND created_at BETWEEN ? AND ? AND deleted_at IS NULL
            ORDER BY author_id DESC, created_at DESC, id DESC LIMIT ?
         ) AS recent`,
      [JSON.stringify(authorIds), from, until, limit],
    );
    return rows.map((row) => ({ ...row, pulled: row.pulled === 1 }));
  }

  /** Who wrote each of the posts that are there. */
  async authorsOf(postIds: readonly Id[]): Promise<[postId: Id, authorId: Id][]> {
    const rows: { id: Id; authorId: Id }[] = await this.transactions.manager.query(
      'SELECT id, author_id AS authorId FROM posts WHERE id IN (?) AND deleted_at IS NULL',
      [postIds],
    );
    return rows.map(({ id, authorId }) => [id, authorId]);
  }
}
