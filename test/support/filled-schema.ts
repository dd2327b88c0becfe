import type { TestDatabase } from './test-database.js';

/** Users of the filled schema; the other tables have a few times as many rows. */
const USERS = 20_000;
/** Ids of the rows begin here, far below those that the service gives; the first user is the popular one. */
export const FIRST_ID = 10_000_000;

/** Digits of a row number, for bulk inserts without a table of numbers. */
const DIGITS =
  '(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';
const NUMBERS = `(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
  FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} e, ${DIGITS} f) AS numbers`;

/** Rows of each table: how many, and an INSERT of numbers. `:first` is the id of the first user, `:now` the present. */
const TABLES: Record<string, { rows: number; insert: string }> = {
  users: {
    rows: USERS,
    insert: `(id, username, email, password_hash, display_name, created_at)
      SELECT :first + n, CONCAT('bulk_', n), CONCAT('bulk_', n, '@example.test'), '!', CONCAT('Display ', n), :now`,
  },
  user_counts: { rows: USERS, insert: '(user_id) SELECT :first + n' },
  // Everybody follows five; the first user is followed by every tenth besides.
  follows: {
    rows: USERS * 5,
    insert: `(followee_id, follower_id, created_at)
      SELECT :first + MOD(n * 7 + FLOOR(n / ${USERS}) * 13 + 1, ${USERS}), :first + MOD(n, ${USERS}), :now`,
  },
  posts: {
    rows: 50_000,
    insert: `(id, author_id, content, created_at)
      SELECT :first + n, :first + IF(n < 1000, 0, MOD(n, ${USERS})), CONCAT('post ', n), :now - INTERVAL n MINUTE`,
  },
  post_media: {
    rows: 50_000,
    insert: `(post_id, position, object_key, content_type)
      SELECT :first + FLOOR(n / 2), MOD(n, 2), CONCAT('published/1/', n, '.jpg'), 'image/jpeg'`,
  },
  media_objects: {
    rows: 50_000,
    insert: `(owner_id, object_key, content_type, bytes, due_at)
      SELECT :first + MOD(n, ${USERS}), CONCAT('media/1/', n, '.jpg'), 'image/jpeg', 1000, :now + INTERVAL 1 DAY`,
  },
  large_authors: { rows: 50, insert: '(user_id, pulls, changed_at) SELECT :first + n * 100, 1, :now' },
  post_counts: { rows: 50_000, insert: '(post_id) SELECT :first + n' },
  post_count_checks: { rows: 20_000, insert: '(post_id, due_at) SELECT :first + n, :now + INTERVAL 1 DAY' },
  likes: {
    rows: 100_000,
    insert: `(post_id, user_id, created_at)
      SELECT :first + MOD(n * 3, 50000), :first + MOD(n * 7 + FLOOR(n / 50000), ${USERS}), :now`,
  },
  comments: {
    rows: 60_000,
    insert: `(id, post_id, author_id, content, created_at)
      SELECT :first + n, :first + MOD(n, 50000), :first + MOD(n * 7, ${USERS}), 'a comment', :now`,
  },
  refresh_tokens: {
    rows: 30_000,
    insert: `(token_hash, family_id, user_id, created_at, expires_at)
      SELECT UNHEX(SHA2(n, 256)), UNHEX(LEFT(SHA2(n, 256), 32)), :first + MOD(n, ${USERS}), :now, :now + INTERVAL 1 DAY`,
  },
  outbox_events: {
    rows: 30_000,
    insert: `(id, type, payload, state, available_at, created_at, finished_at)
      SELECT :first + n, 'post.created', '{}', 'finished', :now, :now, :now - INTERVAL 10 MINUTE`,
  },
  redis_watch: { rows: 1, insert: `(id, masters, seen_at) SELECT 1 + n, '{"gone": "before"}', :now` },
  idempotency_keys: {
    rows: 30_000,
    insert: `(user_id, scope_hash, body_hash, created_at)
      SELECT :first + MOD(n, ${USERS}), UNHEX(SHA2(n, 256)), UNHEX(SHA2(n, 256)), :now`,
  },
  session_revocations: {
    rows: 20_000,
    insert: '(id, user_id, created_at) SELECT :first + n, :first + n, :now - INTERVAL 30 + MOD(n, 30) MINUTE',
  },
};

/** Every table that has rows to stay. */
export const FILLED_TABLES = Object.keys(TABLES);
/** Tables that workers empty within seconds. */
export const PASSING_TABLES = ['post_count_changes'];

/** Fills every table with so many rows that the optimizer decides as it would in production: half a million in seconds. */
export async function fillSchema(database: TestDatabase): Promise<void> {
  const now = `'${new Date().toISOString().replace('T', ' ').replace('Z', '')}'`;
  const text = (sql: string) =>
    sql.replaceAll(':first', String(FIRST_ID)).replaceAll(':now', `CAST(${now} AS DATETIME(3))`);
  for (const [table, { rows, insert }] of Object.entries(TABLES)) {
    await database.execute(`INSERT IGNORE INTO ${table} ${text(insert)} FROM ${NUMBERS} WHERE n < ${rows}`);
  }
  await database.execute(
    text(
      `INSERT IGNORE INTO follows SELECT :first, :first + n, :now FROM ${NUMBERS} WHERE n < ${USERS} AND MOD(n, 10) = 1`,
    ),
  );
  await database.query(`ANALYZE TABLE ${FILLED_TABLES.join(', ')}`);
  await database.replicated();
}
