// Whether an API and a worker on one machine slow each other: how long a page of a feed takes at 200 requests a second, while the
// worker is idle and while it delivers posts to very many feeds without a pause.
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { configOf, startProcess, startWorker, stop } from './lib/application.ts';
import { quantile, save, show, spreadOf } from './lib/figures.ts';
import { startLoad } from './lib/http-load.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import { built, createSchema, createUsers } from './lib/schema.ts';

const PER_SECOND = 200;
const SECONDS = scaled(30, 3);
const ROUNDS = roundsOr(3);
const READERS = 500;
/** Posts in each reader's feed; a page shows 20. */
const POSTS = 40;
const FOLLOWERS = scaled(10_000, 1_000);
/** Posts that wait for delivery at any time. */
const WAITING = 10;

const schema = await createSchema({ LARGE_AUTHOR_FOLLOWERS: '1000000000' });
const { pool, env } = schema;
const config = await configOf(env);
const { AccessTokens } = await built('modules/auth/access-tokens');
const issuer = new AccessTokens(config);
const api = await startProcess('main', env);
const worker = await startWorker(env);
const load = startLoad();

const posts = (author: string, count: number) =>
  Array.from({ length: count }, () => [author, 'x'.repeat(200), new Date()]);

/** Lets the worker deliver posts of one author until it is told to stop. @returns deliveries a second */
function deliver(author: string): () => Promise<number> {
  let over = false;
  let delivered = 0;
  const begunMs = performance.now();
  const pending = async (): Promise<number> => {
    const [[row]] = await pool.query<RowDataPacket[]>(
      "SELECT COUNT(*) AS count FROM outbox_events WHERE state = 'pending'",
    );
    return Number(row!.count);
  };
  const running = (async () => {
    while (!over) {
      const lacking = WAITING - (await pending());
      if (lacking > 0) {
        const now = new Date();
        const [{ insertId }] = await pool.query<ResultSetHeader>(
          'INSERT INTO posts (author_id, content, created_at) VALUES ?',
          [posts(author, lacking)],
        );
        const jobs = Array.from({ length: lacking }, (_, index) => {
          const postId = String(BigInt(insertId) + BigInt(index));
          return ['post.created', JSON.stringify({ postId, authorId: author, createdAtMs: now.getTime() }), now, now];
        });
        await pool.query('INSERT INTO outbox_events (type, payload, available_at, created_at) VALUES ?', [jobs]);
        delivered += lacking;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const seconds = (performance.now() - begunMs) / 1_000;
    const rate = ((delivered - (await pending())) * FOLLOWERS) / seconds;
    while ((await pending()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return rate;
  })();
  return () => {
    over = true;
    return running;
  };
}

try {
  const [author, popular, ...others] = await createUsers(pool, FOLLOWERS + READERS + 2);
  const readers = others.slice(0, READERS);
  const followers = others.slice(READERS);
  const follow = (followee: string, who: string[]) =>
    pool.query('INSERT INTO follows (followee_id, follower_id, created_at) VALUES ?', [
      who.map((id) => [followee, id, new Date()]),
    ]);
  await follow(author!, readers);
  await follow(popular!, followers);
  await pool.query('INSERT INTO posts (author_id, content, created_at) VALUES ?', [posts(author!, POSTS)]);
  const tokenOf = (userId: string): string => issuer.issue({ userId, sessionId: 'bench' });
  const warm = { url: api.url, method: 'GET', path: '/v1/feed?limit=1' };
  // Everybody has a feed from now on.
  await load.run({ ...warm, tokens: others.map(tokenOf), concurrency: 16 });
  const tokens = Array.from({ length: PER_SECOND * SECONDS }, (_, index) => tokenOf(readers[index % READERS]!));
  const measure = async () => {
    const { latenciesMs, failed } = await load.run({ ...warm, path: '/v1/feed', tokens, perSecond: PER_SECOND });
    if (failed > 0) throw new Error(`${failed} requests failed`);
    return { p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99) };
  };
  await measure(); // compiled code and caches are there from now on
  const rounds: { quiet: { p50: number; p99: number }; busy: { p50: number; p99: number }; deliveries: number }[] = [];
  const progress = startProgress(ROUNDS);
  for (let round = 0; round < ROUNDS; round++) {
    progress.step(`round ${round + 1}`);
    const quiet = await measure();
    const end = deliver(popular!);
    const busy = await measure();
    const deliveries = await end();
    rounds.push({ quiet, busy, deliveries });
    progress.say(
      `quiet p50 ${quiet.p50} p99 ${quiet.p99} ms, busy p50 ${busy.p50} p99 ${busy.p99} ms, ${Math.round(deliveries)} deliveries/s`,
    );
  }
  progress.end();
  const ratio = spreadOf(rounds.map(({ quiet, busy }) => busy.p99 / quiet.p99));
  const deliveries = spreadOf(rounds.map((round) => round.deliveries));
  console.log(
    `p99 while delivering ${show(deliveries)} posts a second to feeds: ${show(ratio)} × that of the quiet machine`,
  );
  const p99 = (when: 'quiet' | 'busy') => spreadOf(rounds.map((round) => round[when].p99));
  save('isolation', { perSecond: PER_SECOND, seconds: SECONDS, rounds, ratio, deliveries }, [
    { title: 'p99 beside fan-out : quiet p99', unit: '×', bars: [{ label: 'ratio', value: ratio }], target: 2 },
    {
      title: `p99 of a page at ${PER_SECOND} requests/s`,
      unit: 'ms',
      bars: [
        { label: 'quiet', value: p99('quiet') },
        { label: 'beside fan-out', value: p99('busy') },
      ],
    },
  ]);
} finally {
  await load.end();
  await stop(api.child);
  await stop(worker.child);
  await schema.drop();
}
