import type { Connection, ResultSetHeader } from 'mysql2/promise';
import { FIRST_ID } from './filled-schema.js';
import type { TestDatabase } from './test-database.js';
import type { Step } from './workload.js';

/**
 * Longest time that a statement may be held up by a lock, in seconds: what a migrator may take, and as much again for
 * the moment in which the change itself is made. MySQL keeps it, so a busy machine does not fail a test.
 */
const LOCK_BOUND_SECONDS = 2;

/** A step and the tables that it cannot do without. */
export type PlainStep = Step & { tables: readonly string[] };

/**
 * What the service does, in statements over a connection of its own that name only what the first shape of the schema has;
 * the application of today may need more. A statement that a lock holds for longer than the bound fails.
 */
export async function plainService(database: TestDatabase): Promise<{ steps: PlainStep[]; close: () => void }> {
  const connection = await database.connect();
  await connection.query(
    `SET SESSION lock_wait_timeout = ${LOCK_BOUND_SECONDS}, innodb_lock_wait_timeout = ${LOCK_BOUND_SECONDS}`,
  );
  const own = await newUser(connection);
  const other = await newUser(connection);
  let post = 0;

  const query = (sql: string, ...values: unknown[]) => connection.query(sql, values);
  const insert = async (sql: string, ...values: unknown[]): Promise<number> => {
    const [result] = await connection.query<ResultSetHeader>(sql, values);
    return result.insertId;
  };
  const together = async (work: () => Promise<unknown>): Promise<void> => {
    await connection.beginTransaction();
    await work();
    await connection.commit();
  };
  const steps: PlainStep[] = [
    {
      name: 'post',
      tables: ['users', 'posts', 'user_counts', 'outbox_events'],
      run: () =>
        together(async () => {
          await query('SELECT 1 FROM users WHERE id = ? AND deleted_at IS NULL FOR SHARE', own);
          post = await insert('INSERT INTO posts (author_id, content, created_at) VALUES (?, ?, NOW(3))', own, 'x');
          await query(
            `INSERT INTO user_counts (user_id, post_count) VALUES (?, 1)
             ON DUPLICATE KEY UPDATE post_count = post_count + 1`,
            own,
          );
          await query(
            `INSERT INTO outbox_events (type, payload, state, available_at, created_at, finished_at)
             VALUES ('plain', '{}', 'finished', NOW(3), NOW(3), NOW(3))`,
          );
        }),
    },
    {
      name: 'follow',
      tables: ['follows'],
      run: () => query('INSERT IGNORE INTO follows VALUES (?, ?, NOW(3))', other, own),
    },
    {
      name: 'read a profile and its lists',
      tables: ['users', 'user_counts', 'follows', 'posts'],
      run: async () => {
        await query('SELECT * FROM users u LEFT JOIN user_counts c ON c.user_id = u.id WHERE u.id = ?', FIRST_ID);
        await query('SELECT follower_id FROM follows WHERE followee_id = ? ORDER BY follower_id LIMIT 100', FIRST_ID);
        await query('SELECT id FROM posts WHERE author_id = ? ORDER BY id DESC LIMIT 20', FIRST_ID);
      },
    },
    {
      name: 'unfollow',
      tables: ['follows'],
      run: () => query('DELETE FROM follows WHERE followee_id = ? AND follower_id = ?', other, own),
    },
    {
      name: 'like',
      tables: ['posts', 'likes', 'post_counts'],
      run: () =>
        together(async () => {
          await query('SELECT 1 FROM posts WHERE id = ? AND deleted_at IS NULL FOR SHARE', post);
          await query('INSERT IGNORE INTO likes VALUES (?, ?, NOW(3))', post, own);
          await query(
            `INSERT INTO post_counts (post_id, like_count) VALUES (?, 1)
             ON DUPLICATE KEY UPDATE like_count = like_count + 1`,
            post,
          );
        }),
    },
    {
      name: 'unlike',
      tables: ['likes'],
      run: () => query('DELETE FROM likes WHERE post_id = ? AND user_id = ?', post, own),
    },
    {
      name: 'comment',
      tables: ['comments'],
      run: () =>
        query(
          'INSERT INTO comments (post_id, author_id, content, created_at) VALUES (?, ?, ?, NOW(3))',
          post,
          own,
          'x',
        ),
    },
    {
      name: 'read a post and its lists',
      tables: ['posts', 'post_counts', 'likes', 'comments'],
      run: async () => {
        await query('SELECT * FROM posts p LEFT JOIN post_counts c ON c.post_id = p.id WHERE p.id = ?', FIRST_ID);
        await query('SELECT user_id FROM likes WHERE post_id = ? ORDER BY user_id LIMIT 20', FIRST_ID);
        await query('SELECT id, content FROM comments WHERE post_id = ? ORDER BY id LIMIT 20', FIRST_ID);
      },
    },
  ];
  return { steps, close: () => connection.destroy() };
}

async function newUser(connection: Connection): Promise<number> {
  const [{ insertId }] = await connection.query<ResultSetHeader>(
    `INSERT INTO users (username, email, password_hash, display_name, created_at)
     SELECT CONCAT('plain_', LEFT(UUID(), 8)), UUID(), '!', 'Plain', NOW(3)`,
  );
  return insertId;
}
