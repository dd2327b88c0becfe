// A worker's whole way: from the request that writes a post, or from outbox rows, to the last feed.
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';

/** At least that from one look at the outbox to the next, and not more often than a fiftieth of what is measured. */
const LEAST_MS = 2;
const SHARE_OF_TIME = 0.02;

/** Until no job is left, which is after its last feed. @returns milliseconds since `begunMs` */
async function untilDelivered(pool: Pool, begunMs: number): Promise<number> {
  for (;;) {
    const [[row]] = await pool.query<RowDataPacket[]>(
      "SELECT COUNT(*) AS jobs FROM outbox_events WHERE state = 'pending'",
    );
    const passedMs = performance.now() - begunMs;
    if (Number(row!.jobs) === 0) return passedMs;
    await delay(Math.max(LEAST_MS, passedMs * SHARE_OF_TIME));
  }
}

/** Posts one after the other. @returns milliseconds of each from the begin of the request until the last feed has it, in rising order */
export async function postToLastFeed(pool: Pool, url: string, token: string, posts: number): Promise<number[]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ content: 'measured' });
  const waitsMs: number[] = [];
  for (let post = 0; post < posts; post++) {
    const begunMs = performance.now();
    const answer = await fetch(`${url}/v1/posts`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
    waitsMs.push(await untilDelivered(pool, begunMs));
  }
  return waitsMs.toSorted((a, b) => a - b);
}

/** Posts of one author that wait in the outbox together. @returns posts a second, followers being read from MySQL */
export async function deliverTogether(pool: Pool, author: string, posts: number): Promise<number> {
  const now = new Date();
  const rows = Array.from({ length: posts }, () => [author, 'measured', now]);
  const [{ insertId }] = await pool.query<ResultSetHeader>(
    'INSERT INTO posts (author_id, content, created_at) VALUES ?',
    [rows],
  );
  const jobs = rows.map((_, index) => {
    const postId = String(BigInt(insertId) + BigInt(index));
    return ['post.created', JSON.stringify({ postId, authorId: author, createdAtMs: now.getTime() }), now, now];
  });
  await pool.query('INSERT INTO outbox_events (type, payload, available_at, created_at) VALUES ?', [jobs]);
  const tookMs = await untilDelivered(pool, performance.now());
  return posts / (tookMs / 1_000);
}
