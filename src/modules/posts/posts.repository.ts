import type { Id } from '../../common/id.js';
import type { MediaType } from '../../common/media-types.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { PostEntity } from './post.entity.js';

/** A post as it is stored, without what is joined when it is shown. */
export interface StoredPost {
  id: Id;
  authorId: Id;
  content: string;
  createdAt: Date;
  editedAt: Date | null;
  /** One more with every edit. */
  version: number;
  /** In the order in which they are shown. */
  media: readonly PostMedium[];
}

export interface PostMedium {
  /** Of the object in the store. */
  key: string;
  contentType: MediaType;
}

/** As the driver gives it. */
type PostRow = Omit<StoredPost, 'media'> & { media: [position: number, key: string, contentType: MediaType][] | null };

const COLUMNS = `id, author_id AS authorId, content, created_at AS createdAt, edited_at AS editedAt, version,
  (SELECT JSON_ARRAYAGG(JSON_ARRAY(m.position, m.object_key, m.content_type))
     FROM post_media m WHERE m.post_id = posts.id) AS media`;

@Repository()
export class PostsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async insert(post: { authorId: Id; content: string; createdAt: Date }): Promise<Id> {
    // How it is delivered is decided here and never changes, whatever becomes of its author.
    const result: { insertId: number | string } = await this.transactions.manager.query(
      `INSERT INTO posts (author_id, content, created_at, pulled)
       VALUES (?, ?, ?, EXISTS (SELECT 1 FROM large_authors WHERE user_id = ? AND pulls = 1))`,
      [post.authorId, post.content, post.createdAt, post.authorId],
    );
    return String(result.insertId);
  }

  /** Gives a new post its media, in their order; at least one. */
  async insertMedia(postId: Id, media: readonly PostMedium[]): Promise<void> {
    await this.transactions.manager.query(
      'INSERT INTO post_media (post_id, position, object_key, content_type) VALUES ?',
      [media.map(({ key, contentType }, position) => [postId, position, key, contentType])],
    );
  }

  /** Changes how many posts an author has. */
  async changePostCount(authorId: Id, delta: 1 | -1): Promise<void> {
    await this.transactions.manager.query(
      `INSERT INTO user_counts (user_id, post_count) VALUES (?, ?)
       ON DUPLICATE KEY UPDATE post_count = post_count + (?)`,
      [authorId, Math.max(delta, 0), delta],
    );
  }

  /** A post that is not deleted, kept as it is until the transaction ends. */
  async lock(id: Id): Promise<StoredPost | undefined> {
    const rows: PostRow[] = await this.transactions.manager.query(
      `SELECT ${COLUMNS} FROM posts WHERE id = ? AND deleted_at IS NULL FOR UPDATE`,
      [id],
    );
    return rows[0] && fromRow(rows[0]);
  }

  async updateContent(id: Id, content: string, now: Date): Promise<void> {
    await this.transactions.manager.query(
      'UPDATE posts SET content = ?, edited_at = ?, version = version + 1 WHERE id = ?',
      [content, now, id],
    );
  }

  async markDeleted(id: Id, now: Date): Promise<void> {
    await this.transactions.manager.update(PostEntity, { id }, { deletedAt: now });
  }

  /** Takes a post's media away from it. @returns the keys of their objects */
  async takeMedia(postId: Id): Promise<string[]> {
    const rows: { key: string }[] = await this.transactions.manager.query(
      'SELECT object_key AS `key` FROM post_media WHERE post_id = ? FOR UPDATE',
      [postId],
    );
    if (rows.length > 0) await this.transactions.manager.query('DELETE FROM post_media WHERE post_id = ?', [postId]);
    return rows.map(({ key }) => key);
  }

  /** Removes the last of a post: its row. */
  async purge(id: Id): Promise<void> {
    await this.transactions.manager.delete(PostEntity, { id });
  }

  /**
   * Ids of an author's posts below one, newest first.
   *
   * The index is named, because MySQL rather walks everybody's posts backwards until it has met enough of an author who
   * has many; when those are old, that is the whole table.
   */
  async idsOfAuthorBelow(authorId: Id, belowId: Id, limit: number): Promise<Id[]> {
    const rows: { id: Id }[] = await this.transactions.manager.query(
      `SELECT id FROM posts FORCE INDEX (ix_posts_author)
        WHERE author_id = ? AND id < ? AND deleted_at IS NULL ORDER BY id DESC LIMIT ?`,
      [authorId, belowId, limit],
    );
    return rows.map((row) => row.id);
  }

  /** The posts among `ids` that are not deleted, in no particular order. */
  async byIds(ids: readonly Id[]): Promise<StoredPost[]> {
    if (ids.length === 0) return [];
    const rows: PostRow[] = await this.transactions.manager.query(
      `SELECT ${COLUMNS} FROM posts WHERE id IN (?) AND deleted_at IS NULL`,
      [ids],
    );
    return rows.map(fromRow);
  }

  /** Of a post that is not deleted: whether who reads pulls it, instead of its being pushed into feeds. */
  async isPulled(id: Id): Promise<boolean | undefined> {
    const rows: { pulled: number }[] = await this.transactions.manager.query(
      'SELECT pulled FROM posts WHERE id = ? AND deleted_at IS NULL',
      [id],
    );
    return rows[0] && rows[0].pulled === 1;
  }

  /** Who wrote which of these posts; one that is missing is gone or deleted. */
  async authorsAmong(ids: readonly Id[]): Promise<Map<Id, Id>> {
    if (ids.length === 0) return new Map();
    const rows: { id: Id; authorId: Id }[] = await this.transactions.manager.query(
      'SELECT id, author_id AS authorId FROM posts WHERE id IN (?) AND deleted_at IS NULL',
      [ids],
    );
    return new Map(rows.map(({ id, authorId }) => [id, authorId]));
  }

  /** An author's newest posts that were created at or after a moment, newest first. */
  recentOfAuthor(authorId: Id, createdFrom: Date, limit: number): Promise<{ id: Id; createdAt: Date }[]> {
    return this.transactions.manager.query(
      `SELECT id, created_at AS createdAt FROM posts FORCE INDEX (ix_posts_author_created)
        WHERE author_id = ? AND created_at >= ? AND deleted_at IS NULL
        ORDER BY author_id DESC, created_at DESC, id DESC LIMIT ?`,
      [authorId, createdFrom, limit],
    );
  }
}

/** MySQL puts an array together in any order. */
const fromRow = ({ media, ...post }: PostRow): StoredPost => ({
  ...post,
  media: (media ?? []).toSorted(([a], [b]) => a - b).map(([, key, contentType]) => ({ key, contentType })),
});
