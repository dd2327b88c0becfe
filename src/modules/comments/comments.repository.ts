import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { CommentEntity } from './comment.entity.js';

export interface NewComment {
  postId: Id;
  parentId: Id | null;
  authorId: Id;
  content: string;
  createdAt: Date;
}

/** A comment as it is stored, without what is joined when it is shown. */
export interface StoredComment extends NewComment {
  id: Id;
  editedAt: Date | null;
}

interface WriteResult {
  affectedRows: number;
}

const COLUMNS = `id, post_id AS postId, parent_id AS parentId, author_id AS authorId, content, created_at AS createdAt,
  edited_at AS editedAt`;

/**
 * Of a row of a table: its author is there. What they wrote is hidden with their account, before it is cleared away. A subquery, because a
 * locking read locks none of its rows.
 */
const hasAuthor = (table: 'posts' | 'comments'): string =>
  `EXISTS (SELECT 1 FROM users u WHERE u.id = ${table}.author_id AND u.deleted_at IS NULL)`;

@Repository()
export class CommentsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** The author of a post that can be seen; keeps the post there until the transaction ends. */
  async lockPost(postId: Id): Promise<{ authorId: Id } | undefined> {
    const rows: { authorId: Id }[] = await this.transactions.manager.query(
      `SELECT author_id AS authorId FROM posts WHERE id = ? AND deleted_at IS NULL AND ${hasAuthor('posts')} FOR SHARE`,
      [postId],
    );
    return rows[0];
  }

  /** Whether a post can be seen. */
  async postExists(postId: Id): Promise<boolean> {
    const rows: unknown[] = await this.transactions.manager.query(
      `SELECT 1 FROM posts WHERE id = ? AND deleted_at IS NULL AND ${hasAuthor('posts')}`,
      [postId],
    );
    return rows.length > 0;
  }

  async insert(comment: NewComment): Promise<Id> {
    const result = await this.transactions.manager
      .createQueryBuilder()
      .insert()
      .into(CommentEntity)
      .values(comment)
      .updateEntity(false)
      .execute();
    return String((result.raw as { insertId: number | string }).insertId);
  }

  /** Comments of posts that can be seen, by id, in no particular order; whether their own authors are there is not asked. */
  byIds(ids: readonly Id[]): Promise<StoredComment[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.transactions.manager.query(
      `SELECT ${COLUMNS} FROM comments WHERE id IN (?)
          AND EXISTS (SELECT 1 FROM posts WHERE posts.id = comments.post_id AND posts.deleted_at IS NULL
                         AND ${hasAuthor('posts')})`,
      [ids],
    );
  }

  /** A comment whose author is there, kept as it is until the transaction ends. */
  async lock(id: Id): Promise<StoredComment | undefined> {
    const rows: StoredComment[] = await this.transactions.manager.query(
      `SELECT ${COLUMNS} FROM comments WHERE id = ? AND ${hasAuthor('comments')} FOR UPDATE`,
      [id],
    );
    return rows[0];
  }

  /** Ids of a post's comments, oldest first, after the one given. */
  async idsOfPostAfter(postId: Id, afterId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT id FROM comments WHERE post_id = ? AND id > ? ORDER BY id LIMIT ?',
      [postId, afterId, limit],
    );
    return rows.map((row) => row.id);
  }

  async updateContent(id: Id, content: string, now: Date): Promise<void> {
    await this.transactions.manager.update(CommentEntity, { id }, { content, editedAt: now });
  }

  async delete(id: Id): Promise<void> {
    await this.transactions.manager.delete(CommentEntity, { id });
  }

  /** Deletes up to `limit` comments of a post. @returns how many went */
  async deleteOfPost(postId: Id, limit: number): Promise<number> {
    const result: WriteResult = await this.transactions.manager.query(
      'DELETE FROM comments WHERE post_id = ? LIMIT ?',
      [postId, limit],
    );
    return result.affectedRows;
  }

  /** Deletes up to `limit` comments of an author. @returns the posts they stood under, one for each comment */
  async deleteOfAuthor(authorId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id; postId: Id }[] = await this.transactions.manager.query(
      'SELECT id, post_id AS postId FROM comments WHERE author_id = ? ORDER BY id LIMIT ? FOR UPDATE',
      [authorId, limit],
    );
    if (rows.length === 0) return [];
    await this.transactions.manager.query('DELETE FROM comments WHERE id IN (?)', [rows.map((row) => row.id)]);
    return rows.map((row) => row.postId);
  }
}
