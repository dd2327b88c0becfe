// Bytes that Redis holds for an entry of a feed, a cached post and a user who does not come back, and whether the API and a worker grow
// while they serve as many requests as a busy hour has.
//
// npm run bench -- memory [--requests=N]
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from 'ioredis';
import { configOf, startApi, startProcess, startWorker, stop } from './lib/application.ts';
import { createFeedWorld, FEED_SIZES } from './lib/feed-world.ts';
import { save, show, spreadOf } from './lib/figures.ts';
import { startLoad, type OwnRequest } from './lib/http-load.ts';
import { options, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Spread } from './lib/results.ts';
import { built, createSchema } from './lib/schema.ts';
import { residentBytes } from '../stack/lib/proc.ts';

/** A hundred a second for an hour, unless it is said otherwise. */
const REQUESTS = options.requests ?? scaled(360_000, 1_200);
const PARTS = 12;
const READERS = scaled(250, 20);
/** One in so many requests is a post. */
const POSTS_ONE_IN = 50;
/** Keys whose size is asked for at a time. */
const AT_A_TIME = 200;
/** As short a life as the settings take, and how long the sweep may need for all feeds then. */
const SHORT_LIFE = { FEED_VIEWED_TTL: '21s', FEED_UNVIEWED_TTL: '22s', FEED_IDLE_TTL: '23s' };
const SWEPT_WITHIN_MS = 300_000;

/** Entries are as long as their ids: this is where there are some hundred million posts. */
const FIRST_ID = 300_000_000;

const schema = await createSchema({}, FIRST_ID);
const { env, pool } = schema;
const load = startLoad();
const { about, readers: bySize } = await createFeedWorld(schema, READERS);
const api = await startProcess('main', env);
let worker = await startWorker(env);
const { app } = await startApi(env);
try {
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
  const cluster: Cluster = app.get(RedisClients, { strict: false }).for('background');
  const keyOf = (id: string): string => feedKey(id, 1_024);
  const sizesOf = async (keys: readonly string[]): Promise<number[]> => {
    const sizes: number[] = [];
    for (let start = 0; start < keys.length; start += AT_A_TIME) {
      const some = keys.slice(start, start + AT_A_TIME);
      const answers = await Promise.all(some.map((key) => cluster.memory('USAGE', key, 'SAMPLES', 0)));
      sizes.push(...answers.map((size) => Number(size ?? 0)));
    }
    return sizes;
  };
  const present = async (keys: readonly string[]): Promise<Spread> => {
    return spreadOf((await sizesOf(keys)).filter((size) => size > 0));
  };
  const entry: Record<string, Spread> = {};
  const feed: Record<string, Spread> = {};
  const entries: Record<string, Spread> = {};
  for (const size of FEED_SIZES) {
    const keys = bySize.get(size)!.map(keyOf);
    const bytes = await sizesOf(keys);
    const cards = await Promise.all(keys.map((key) => cluster.zcard(key)));
    const feeds = keys.map((_, index) => ({ bytes: bytes[index]!, entries: cards[index]! - 1 }));
    // On a busy machine a feed may not have been built in the time that a request has for Redis.
    const whole = feeds.filter(({ entries }) => entries > 0);
    // The sentinel and the key itself are divided among the entries.
    entry[size] = spreadOf(whole.map((each) => each.bytes / each.entries));
    feed[size] = spreadOf(whole.map((each) => each.bytes));
    entries[size] = spreadOf(whole.map((each) => each.entries));
  }
  const [rows] = await pool.query('SELECT id FROM posts ORDER BY id DESC LIMIT 2000');
  const ids = (rows as { id: string }[]).map(({ id }) => id);
  const body = await present(ids.map((id) => `post:{${id}}:body`));
  const counts = await present(ids.map((id) => `post:{${id}}:counts`));
  const post = { body, counts, sum: body.median + counts.median };
  console.log('bytes an entry of a feed');
  for (const size of FEED_SIZES)
    console.log(`  of ${String(entries[size]!.median).padStart(3)}                ${show(entry[size]!)}`);
  console.log(`bytes a cached post        ${post.sum} (body ${show(body)}, counts ${show(counts)})`);

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

  // Who does not come back: the same readers, whose time is up after seconds.
  await stop(worker.child);
  worker = await startWorker({ ...env, ...SHORT_LIFE, FEED_SWEEP_INTERVAL: '100ms' });
  const kept = [...readers.map(keyOf), ...readers.map((id) => `own-writes:${id}`)];
  const endMs = performance.now() + SWEPT_WITHIN_MS;
  let left = Infinity;
  while (left > 0 && performance.now() < endMs) {
    await delay(1_000);
    left = (await sizesOf(kept)).reduce((sum, size) => sum + size, 0);
  }
  const idleUser = left / readers.length;
  console.log(`bytes of an idle user      ${idleUser}, after FEED_IDLE_TTL`);

  save('memory', { about, requests: REQUESTS, redis: { entry, feed, entries, post, idleUser }, parts, growth }, [
    {
      title: 'An entry of a feed in Redis',
      unit: 'bytes',
      bars: FEED_SIZES.map((size) => ({ label: `feeds of ${size}`, value: entry[size]! })),
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
  await app.close();
  await stop(api.child);
  await stop(worker.child);
  await schema.drop();
}
