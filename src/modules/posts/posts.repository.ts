import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { PostEntity } from './post.entity.js';

/** A post as it is stored, without what is joined when it is shown. */
export interface StoredPost {
  id: Id;
  authorId: Id;
  content: string;
  createdAt: Date;
  editedAt: Date | null;
}

const COLUMNS = 'id, author_id AS authorId, content, created_at AS createdAt, edited_at AS editedAt';

@Injectable()
export class PostsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async insert(post: { authorId: Id; content: string; createdAt: Date }): Promise<Id> {
    const result = await this.transactions.manager
      .createQueryBuilder()
      .insert()
      .into(PostEntity)
      .values(post)
      .updateEntity(false)
      .execute();
    return String((result.raw as { insertId: number | string }).insertId);
  }

  async increasePostCount(authorId: Id): Promise<void> {
    await this.transactions.manager.query(
      'INSERT INTO user_counts (user_id, post_count) VALUES (?, 1) ON DUPLICATE KEY UPDATE post_count = post_count + 1',
      [authorId],
    );
  }

  /** Whether the author is there; keeps them there until the transaction ends. */
  async lockAuthor(id: Id): Promise<boolean> {
    const rows: unknown[] = await this.transactions.manager.query(
      'SELECT 1 FROM users WHERE id = ? AND deleted_at IS NULL FOR SHARE',
      [id],
    );
    return rows.length > 0;
  }

  /** The posts among `ids` that are not deleted, in no particular order. */
  byIds(ids: readonly Id[]): Promise<StoredPost[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.transactions.manager.query(`SELECT ${COLUMNS} FROM posts WHERE id IN (?) AND deleted_at IS NULL`, [
      ids,
    ]);
  }

  /** Those of `ids` that this author wrote, deleted or not. */
  async idsOfAuthorAmong(authorId: Id, ids: readonly Id[]): Promise<Id[]> {
    if (ids.length === 0) return [];
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT id FROM posts WHERE id IN (?) AND author_id = ?',
      [ids, authorId],
    );
    return rows.map((row) => row.id);
  }

  /** An author's newest posts that were created at or after a moment, newest first. */
  recentOfAuthor(authorId: Id, createdFrom: Date, limit: number): Promise<{ id: Id; createdAt: Date }[]> {
    return this.transactions.manager.query(
      `SELECT id, created_at AS createdAt FROM posts
        WHERE author_id = ? AND created_at >= ? AND deleted_at IS NULL
        ORDER BY created_at DESC, id DESC LIMIT ?`,
      [authorId, createdFrom, limit],
    );
  }
}
