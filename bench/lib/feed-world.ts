// Readers whose feeds hold so many entries, of authors that others follow too.
import type { Pool } from 'mysql2/promise';
import { createUsers } from './schema.ts';

/** Posts are as old as that at most: all of them live. */
const OLDEST_MS = 6 * 86_400_000;
/** Authors of each size; every reader follows some of them. */
const AUTHORS = 400;
const CONTENT = 'x'.repeat(200);
const ROWS = 5_000;

/** What makes a feed of a size: so many authors with so many posts each. */
const MIXTURES: Record<number, { follows: number; posts: number }> = {
  10: { follows: 10, posts: 1 },
  100: { follows: 20, posts: 5 },
  400: { follows: 40, posts: 10 },
  800: { follows: 40, posts: 20 },
};

export const FEED_SIZES = Object.keys(MIXTURES).map(Number);

/** Inserts in statements of a bounded size. */
export async function insertRows(pool: Pool, into: string, rows: readonly unknown[][]): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS) {
    await pool.query(`INSERT INTO ${into} VALUES ?`, [rows.slice(start, start + ROWS)]);
  }
}

/**
 * Creates authors, their posts and readers who follow them; feeds are built when they are first read.
 *
 * @param readers of each size
 * @returns readers by the size of their feeds
 */
export async function createFeedWorld(pool: Pool, readers: number): Promise<Map<number, string[]>> {
  const users = await createUsers(pool, FEED_SIZES.length * (AUTHORS + readers));
  const nowMs = Date.now();
  const posts: { author: string; createdMs: number }[] = [];
  const follows: unknown[][] = [];
  const bySize = new Map<number, string[]>();
  for (const size of FEED_SIZES) {
    const mixture = MIXTURES[size]!;
    const authors = users.splice(0, AUTHORS);
    for (const author of authors) {
      for (let post = 0; post < mixture.posts; post++) {
        posts.push({ author, createdMs: nowMs - Math.floor(Math.random() * OLDEST_MS) });
      }
    }
    const group = users.splice(0, readers);
    group.forEach((reader, index) => {
      // Neighbours share most of whom they follow, as friends do; all in all each author has as many readers.
      for (let turn = 0; turn < mixture.follows; turn++) {
        follows.push([authors[(index * 3 + turn * 7) % AUTHORS], reader, new Date(nowMs)]);
      }
    });
    bySize.set(size, group);
  }
  posts.sort((a, b) => a.createdMs - b.createdMs); // as ids are given
  await insertRows(
    pool,
    'posts (author_id, content, created_at)',
    posts.map(({ author, createdMs }) => [author, CONTENT, new Date(createdMs)]),
  );
  await insertRows(pool, 'follows (followee_id, follower_id, created_at)', follows);
  return bySize;
}
