import { randomBytes } from 'node:crypto';
import { batches } from '../../src/common/batches.js';
import type { Id } from '../../src/common/id.js';
import { AccessTokens } from '../../src/modules/auth/access-tokens.js';
import { type ApiClient, Member } from './api-client.js';
import type { TestDatabase } from './test-database.js';

/** Rows of one INSERT. */
const ROWS = 1_000;

/** Users straight into the table, for tests that need many: no password fits them. @returns ids in rising order */
export async function createUsers(database: TestDatabase, count: number): Promise<Id[]> {
  const run = randomBytes(4).toString('hex');
  const now = new Date();
  const rows = Array.from({ length: count }, (_, index) => {
    const username = `f_${run}_${index}`;
    return [username, `${username}@example.test`, '!', username, now];
  });
  for (const batch of batches(rows, ROWS)) {
    await database.execute('INSERT INTO users (username, email, password_hash, display_name, created_at) VALUES ?', [
      batch,
    ]);
  }
  const created = await database.query<{ id: Id }>('SELECT id FROM users WHERE username LIKE ? ORDER BY id', [
    `f\\_${run}\\_%`,
  ]);
  return created.map((row) => row.id);
}

/** Follows straight into the table, without events: for feeds that do not exist yet. */
export async function createFollows(database: TestDatabase, follows: [follower: Id, followee: Id][]): Promise<void> {
  const now = new Date();
  const rows = follows.map(([follower, followee]) => [followee, follower, now]);
  for (const batch of batches(rows, ROWS)) {
    await database.execute('INSERT INTO follows (followee_id, follower_id, created_at) VALUES ?', [batch]);
  }
}

/** Posts straight into the table, undelivered. @returns ids, newest first */
export async function createPosts(database: TestDatabase, authorId: Id, createdAt: Date[]): Promise<Id[]> {
  const rows = createdAt.map((at, index) => [authorId, `stored post ${index}`, at]);
  await database.execute('INSERT INTO posts (author_id, content, created_at) VALUES ?', [rows]);
  const created = await database.query<{ id: Id }>(
    'SELECT id FROM posts WHERE author_id = ? ORDER BY id DESC LIMIT ?',
    [authorId, createdAt.length],
  );
  return created.map((row) => row.id);
}

/** Users made by {@link createUsers} as clients of the API. */
export function memberFactory(database: TestDatabase, api: ApiClient): (id: Id) => Member {
  const tokens = new AccessTokens(database.config);
  return (id) => new Member(api, id, tokens.issue({ userId: id, sessionId: 'made-by-a-test' }));
}
