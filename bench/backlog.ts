// How long a worker takes for a backlog of 10,000 posts to 10 followers each, and what a post of that moment waits meanwhile:
// behind the backlog, and beside the deletion of an account with many posts and a delivery to very many followers.
import { startApi, startWorker, stop } from './lib/application.ts';
import { quantile, save, show, spreadOf } from './lib/figures.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Spread } from './lib/results.ts';
import { built, createSchema, createUsers, insertRows } from './lib/schema.ts';

const ROUNDS = roundsOr(3);
const JOBS = scaled(10_000, 300);
const FOLLOWERS = 10;
/** Authors of the backlog. Each has readers of their own, all of whom have a feed. */
const AUTHORS = scaled(200, 20);
/** The oldest of the backlog. */
const BACKLOG_MS = 3_600_000;
/** Posts of the account that is deleted, each of which is two jobs. */
const DELETED_POSTS = scaled(1_000, 50);
/** Followers of the author whose post takes long; they have no feeds, which are as much work to look for. */
const MANY_FOLLOWERS = scaled(100_000, 2_000);
/** From one new post to the next. */
const EVERY_MS = 500;

const schema = await createSchema({ LARGE_AUTHOR_FOLLOWERS: '1000000000' });
const { pool, env } = schema;
const { app, url } = await startApi(env);
try {
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = app.get(AccessTokens, { strict: false });
  const users = await createUsers(pool, AUTHORS * (FOLLOWERS + 1) + 2);
  const [deleted, popular] = users.splice(0, 2) as [string, string];
  const authors = users.splice(0, AUTHORS);
  const readersOf = (index: number): string[] => users.slice(index * FOLLOWERS, (index + 1) * FOLLOWERS);
  const call = async (userId: string, method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { authorization: `Bearer ${issuer.issue({ userId, sessionId: 'bench' })}` };
    const json = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body && json) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  };
  const follows = authors.flatMap((author, index) => readersOf(index).map((reader) => [author, reader, new Date()]));
  await insertRows(pool, 'follows (followee_id, follower_id, created_at)', follows);
  for (let start = 0; start < users.length; start += 20) {
    await Promise.all(users.slice(start, start + 20).map((reader) => call(reader, 'GET', '/v1/feed')));
  }

  /** Milliseconds from the request of a post until a follower's feed has it, again and again until `isOver`. */
  const newPosts = async (isOver: () => Promise<boolean>): Promise<number[]> => {
    const waitsMs: number[] = [];
    for (let turn = 0; !(await isOver()); turn++) {
      const place = turn % AUTHORS;
      const begunMs = performance.now();
      const { id } = await call(authors[place]!, 'POST', '/v1/posts', { content: 'of this moment' });
      const reader = readersOf(place)[turn % FOLLOWERS]!;
      const isThere = async (): Promise<boolean> =>
        (await call(reader, 'GET', '/v1/feed?limit=100')).items.some((item) => item.post.id === id);
      while (!(await isThere())) await pause(10);
      waitsMs.push(performance.now() - begunMs);
      await pause(EVERY_MS);
    }
    return waitsMs.toSorted((a, b) => a - b);
  };

  const progress = startProgress(ROUNDS + 1);
  const drains: number[] = [];
  const behind: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    progress.step(`a backlog, round ${round + 1}`);
    await addBacklog(authors);
    const worker = await startWorker(env);
    const begunMs = performance.now();
    let drainedMs: number | undefined;
    const isDrained = async (): Promise<boolean> => {
      if ((await unfinished("type = 'post.created'")) > 0) return false;
      drainedMs ??= performance.now();
      return true;
    };
    behind.push(...(await newPosts(isDrained)));
    drains.push((drainedMs! - begunMs) / 1_000);
    progress.say(`delivered after ${drains.at(-1)!.toFixed(1)} s`);
    await stop(worker.child);
    await pool.query('DELETE FROM outbox_events');
  }

  await insertRows(
    pool,
    'follows (followee_id, follower_id, created_at)',
    Array.from({ length: MANY_FOLLOWERS }, (_, index) => [popular, index + 1, new Date()]),
  );
  await insertRows(
    pool,
    'posts (author_id, content, created_at)',
    Array.from({ length: DELETED_POSTS }, () => [deleted, 'to be deleted', new Date()]),
  );
  await pool.query(
    'INSERT INTO user_counts (user_id, post_count) VALUES (?, ?) ON DUPLICATE KEY UPDATE post_count = ?',
    [deleted, DELETED_POSTS, DELETED_POSTS],
  );
  const worker = await startWorker(env);
  await pool.query('INSERT INTO outbox_events (type, payload, lane, available_at, created_at) VALUES ?', [
    [['user.deleted', JSON.stringify({ userId: deleted }), 'bulk', new Date(), new Date()]],
  ]);
  for (let post = 0; post < 3; post++) await call(popular, 'POST', '/v1/posts', { content: 'to very many' });
  progress.step('beside long work');
  const besideBegunMs = performance.now();
  const beside = await newPosts(async () => (await unfinished("lane IN ('long', 'bulk')")) === 0);
  const besideSeconds = (performance.now() - besideBegunMs) / 1_000;
  await stop(worker.child);

  progress.end();
  behind.sort((a, b) => a - b);
  const results = {
    jobs: JOBS,
    followers: FOLLOWERS,
    drainSeconds: spreadOf(drains),
    newPostsBehindBacklog: latencies(behind),
    deletedPosts: DELETED_POSTS,
    manyFollowers: MANY_FOLLOWERS,
    besideSeconds: Number(besideSeconds.toFixed(1)),
    newPostsBesideBackgroundWork: latencies(beside),
  };
  save('backlog', results, [
    {
      title: `A backlog of ${JOBS} posts`,
      unit: 's',
      bars: [{ label: 'until delivered', value: results.drainSeconds }],
      target: 60,
    },
    {
      title: 'A new post meanwhile, until a follower has it',
      unit: 'ms',
      bars: [
        { label: 'behind the backlog', value: results.newPostsBehindBacklog.spread },
        { label: 'beside long work', value: results.newPostsBesideBackgroundWork.spread },
      ],
    },
  ]);
  console.log(`${JOBS} jobs of ${FOLLOWERS} followers   ${show(results.drainSeconds)} s  (target 60)`);
  console.log(`a new post meanwhile          ${tell(results.newPostsBehindBacklog)}`);
  console.log(`${DELETED_POSTS} posts deleted, 3 delivered to ${MANY_FOLLOWERS} followers: ${results.besideSeconds} s`);
  console.log(`a new post meanwhile          ${tell(results.newPostsBesideBackgroundWork)}`);
} finally {
  await app.close();
  await schema.drop();
}

/** What is read of the answers: a new post's id, a feed's items. */
interface Answer {
  id: string;
  items: { post: { id: string } }[];
}

/** Posts of the last hour that nobody has delivered. */
async function addBacklog(authors: readonly string[]): Promise<void> {
  const firstMs = Date.now() - BACKLOG_MS;
  const times = Array.from({ length: JOBS }, (_, index) => new Date(firstMs + (index * BACKLOG_MS) / (JOBS + 1)));
  const posts = times.map((time, index) => [authors[index % authors.length], 'of the backlog', time]);
  const [before] = await pool.query('SELECT COALESCE(MAX(id), 0) AS id FROM posts');
  await insertRows(pool, 'posts (author_id, content, created_at)', posts);
  await pool.query(
    `INSERT INTO outbox_events (type, payload, available_at, created_at)
     SELECT 'post.created', JSON_OBJECT('postId', CAST(id AS CHAR), 'authorId', CAST(author_id AS CHAR), 'createdAtMs',
            FLOOR(UNIX_TIMESTAMP(created_at) * 1000)), created_at, created_at FROM posts WHERE id > ? ORDER BY id`,
    [(before as { id: string }[])[0]!.id],
  );
}

async function unfinished(condition: string): Promise<number> {
  const [rows] = await pool.query(
    `SELECT COUNT(*) AS jobs FROM outbox_events WHERE state = 'pending' AND available_at < ? + INTERVAL 1 HOUR AND ${condition}`,
    [new Date()],
  );
  return Number((rows as { jobs: string }[])[0]!.jobs);
}

interface Latencies {
  posts: number;
  p50Ms: number;
  p95Ms: number;
  highestMs: number;
  spread: Spread;
}

function latencies(sorted: readonly number[]): Latencies {
  return {
    posts: sorted.length,
    p50Ms: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    highestMs: quantile(sorted, 1),
    spread: spreadOf(sorted),
  };
}

function tell({ posts, p50Ms, p95Ms, highestMs }: Latencies): string {
  return `p50 ${p50Ms} ms, p95 ${p95Ms} ms, longest ${highestMs} ms (${posts} posts)`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
