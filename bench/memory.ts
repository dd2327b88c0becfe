// Bytes that Redis holds for an entry of a feed, a cached post and a user who does nothing, and whether the API and a worker grow while
// they serve as many requests as a busy hour has.
//
// npm run bench -- memory [--requests=N]
import type { Cluster } from 'ioredis';
import { configOf, startApi, startProcess, startWorker, stop } from './lib/application.ts';
import { createFeedWorld, FEED_SIZES } from './lib/feed-world.ts';
import { save } from './lib/figures.ts';
import { startLoad, type OwnRequest } from './lib/http-load.ts';
import { startProgress } from './lib/progress.ts';
import { built, createSchema } from './lib/schema.ts';
import { residentBytes } from '../stack/lib/proc.ts';

/** A hundred a second for an hour, unless it is said otherwise. */
const REQUESTS = Number(/--requests=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 360_000);
const PARTS = 12;
const READERS = 250;
/** One in so many requests is a post. */
const POSTS_ONE_IN = 50;

const schema = await createSchema({});
const { env, pool } = schema;
const load = startLoad();
const api = await startProcess('main', env);
const worker = await startWorker(env);
try {
  const bySize = await createFeedWorld(pool, READERS);
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = new AccessTokens(await configOf(env));
  const readers = [...bySize.values()].flat();
  const tokens = readers.map((userId) => issuer.issue({ userId, sessionId: 'bench' }) as string);
  const get = { url: api.url, method: 'GET', path: '/v1/feed' };
  await load.run({ ...get, tokens, concurrency: 8 });

  // What is in Redis, key by key.
  const [{ feedKey }, { RedisClients }] = await Promise.all([
    built('modules/feeds/feed-keys'),
    built('infrastructure/redis/redis-clients'),
  ]);
  const { app } = await startApi(env);
  const cluster: Cluster = app.get(RedisClients, { strict: false }).for('background');
  const usage = async (key: string): Promise<number> => Number((await cluster.memory('USAGE', key, 'SAMPLES', 0)) ?? 0);
  const average = async (keys: readonly string[]): Promise<number> => {
    const sizes = (await Promise.all(keys.map(usage))).filter((size) => size > 0);
    return Math.round((sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length)) * 10) / 10;
  };
  const entry: Record<string, number> = {};
  for (const size of FEED_SIZES) {
    entry[size] = Number(((await average(bySize.get(size)!.map((id) => feedKey(id, 1_024)))) / size).toFixed(1));
  }
  const [rows] = await pool.query('SELECT id FROM posts ORDER BY id DESC LIMIT 2000');
  const ids = (rows as { id: string }[]).map(({ id }) => id);
  const body = await average(ids.map((id) => `post:{${id}}:body`));
  const counts = await average(ids.map((id) => `post:{${id}}:counts`));
  await app.close();
  // Who has not read for FEED_IDLE_TTL has no feed, and nothing else stays.
  const redis = { entry, post: { body, counts, sum: body + counts }, idleUser: 0 };
  const entries = Object.entries(entry).map(([size, bytes]) => `${bytes} of ${size}`);
  console.log(`bytes an entry of a feed   ${entries.join(', ')}`);
  console.log(`bytes a cached post        ${redis.post.sum} (body ${body}, counts ${counts})`);

  const parts: { requests: number; api: number; worker: number }[] = [];
  const progress = startProgress(PARTS);
  const megabytes = (pid: number): number => Math.round(residentBytes(pid) / 1e5) / 10;
  for (let part = 1; part <= PARTS; part++) {
    progress.step(`${Math.round((REQUESTS / PARTS) * part)} requests`);
    const some: OwnRequest[] = Array.from({ length: Math.ceil(REQUESTS / PARTS) }, (_, index) => {
      const token = tokens[index % tokens.length]!;
      const post = { token, method: 'POST', path: '/v1/posts', body: '{"content":"of this moment"}' };
      return index % POSTS_ONE_IN === 0 ? post : { token };
    });
    const { failed } = await load.run({ ...get, tokens: some, concurrency: 16 });
    if (failed > 0) throw new Error(`${failed} requests failed`);
    const now = {
      requests: some.length * part,
      api: megabytes(api.child.pid!),
      worker: megabytes(worker.child.pid!),
    };
    parts.push(now);
    progress.say(`${now.requests} requests: API ${now.api} MB, worker ${now.worker} MB`);
  }
  progress.end();
  // Of the second half: before, caches and the heap fill.
  const [middle, last] = [parts[PARTS / 2 - 1]!, parts.at(-1)!];
  const growth = { api: last.api / middle.api, worker: last.worker / middle.worker };
  console.log(`in the second half         API × ${growth.api.toFixed(2)}, worker × ${growth.worker.toFixed(2)}`);
  save('memory', { requests: REQUESTS, redis, parts, growth }, [
    {
      title: 'An entry of a feed in Redis',
      unit: 'bytes',
      bars: Object.entries(entry).map(([size, value]) => ({ label: `feeds of ${size}`, value })),
      target: 36,
    },
    {
      title: 'Resident memory of the API',
      unit: 'MB',
      bars: parts.map((each) => ({ label: `${each.requests} requests`, value: each.api })),
    },
    {
      title: 'Resident memory of a worker',
      unit: 'MB',
      bars: parts.map((each) => ({ label: `${each.requests} requests`, value: each.worker })),
    },
  ]);
} finally {
  await load.end();
  await stop(api.child);
  await stop(worker.child);
  await schema.drop();
}
