// One post into the feeds of many followers: the ways side by side on the same feeds, what memory an entry takes, and a worker's
// whole way from the outbox row to the last feed, for authors of 100 followers and of very many.
//
// npm run bench -- fan-out [--million]
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Cluster } from 'ioredis';
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import calculateSlot from 'cluster-key-slot';
import { programCommand, programsAreComplete } from '../stack/lib/programs.ts';
import { startApi, startWorker, stop } from './lib/application.ts';
import { save, show, spreadOf, type Chart, type Spread } from './lib/figures.ts';
import { built, createSchema, createUsers } from './lib/schema.ts';

const FEEDS = 10_000;
const ROUNDS = 5;
/** Posts of one end-to-end round: enough deliveries to be measured, so more of authors of few followers. */
const postsOf = (followers: number): number => Math.min(500, Math.max(5, Math.ceil(50_000 / followers)));
const BUCKETS = 1_024;
/** Fewer than feeds, because skiplists of both would not fit into the memory of the development cluster. */
const LIMIT_KEYS = 3_000;
const ROWS = 10_000;
const SIZES = [100, 1_000, 10_000, 100_000, ...(process.argv.includes('--million') ? [1_000_000] : [])];

const run = promisify(execFile);
const schema = await createSchema({ LARGE_AUTHOR_FOLLOWERS: '1000000000' });
const { app } = await startApi(schema.env);
const strict = { strict: false };
const [{ RedisClients }, { FeedStore }, { feedKey }] = await Promise.all([
  built('infrastructure/redis/redis-clients'),
  built('modules/feeds/feed.store'),
  built('modules/feeds/feed-keys'),
]);
const cluster: Cluster = app.get(RedisClients, strict).for('background');
const feeds = app.get(FeedStore, strict);
const expiresAt = Math.floor(Date.now() / 1_000) + 7 * 86_400;
const keyOf = (id: string): string => feedKey(id, BUCKETS);
/** As long as ids are when there are some hundred million posts. */
let postId = 300_000_000;
const entry = () => ({ postId: String(postId), expiresAt, viewed: false });

/** Makes feeds anew, with some entries each. */
async function fill(users: readonly string[], entries: number, key = keyOf): Promise<void> {
  const now = Math.floor(Date.now() / 1_000);
  const first = postId + 1;
  postId += entries;
  const members = Array.from({ length: entries }, (_, index) => [first + index, `${first + index}:${expiresAt}:0`]);
  for (let start = 0; start < users.length; start += 200) {
    await Promise.all(
      users.slice(start, start + 200).map(async (id) => {
        await cluster.unlink(key(id));
        await cluster.zadd(key(id), 0, `0:r:0123456789ab:${now}:0:0`, ...members.flat());
      }),
    );
  }
}

interface Way {
  name: string;
  run: (users: readonly string[]) => Promise<unknown>;
}

const WAYS: Way[] = [
  {
    name: 'ZADD one by one',
    run: async (users) => {
      postId++;
      for (const id of users) await cluster.zadd(keyOf(id), postId, `${postId}:${expiresAt}:0`);
    },
  },
  {
    name: 'ZADD all at once',
    run: (users) => {
      postId++;
      return Promise.all(users.map((id) => cluster.zadd(keyOf(id), postId, `${postId}:${expiresAt}:0`)));
    },
  },
  {
    // It looks whether the feed is there and has the post, keeps the cap, and waits for a replica.
    name: 'fan-out',
    run: (users) => {
      postId++;
      return feeds.push(entry(), users, 'background');
    },
  },
];

/** Feeds a second of each way, by turns. */
async function compareWays(users: readonly string[], entries: number): Promise<Record<string, Spread>> {
  await fill(users, entries);
  const rates = WAYS.map((): number[] => []);
  for (const { run } of WAYS) await run(users.slice(0, 1_000)); // connections and scripts are there from now on
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { run }] of WAYS.entries()) {
      const begunMs = performance.now();
      await run(users);
      rates[index]!.push((users.length / (performance.now() - begunMs)) * 1_000);
    }
  }
  return Object.fromEntries(WAYS.map(({ name }, index) => [name, spreadOf(rates[index]!)]));
}

/**
 * What the nodes take from a C client that only adds: `ZADD` by `redis-benchmark`, pipelined, on each master at the same
 * time, to as many keys of as many entries. @returns additions a second
 */
async function limit(entries: number): Promise<number | undefined> {
  if (!programsAreComplete()) return undefined; // the services run in containers
  const [program, ...before] = programCommand('redis-benchmark');
  const masters = cluster.nodes('master').map((node) => `${node.options.host}:${node.options.port}`);
  const owner = (tag: string): string => cluster.slots[calculateSlot(tag)]![0]!;
  const each = LIMIT_KEYS / masters.length;
  const keysOf = masters.map((master) => {
    const tag = Array.from({ length: 1_000 }, (_, index) => `limit-${index}`).find((some) => owner(some) === master)!;
    return { master, prefix: `{${tag}}:`, count: each };
  });
  const key = (prefix: string, index: number): string => `${prefix}${String(index).padStart(12, '0')}`;
  const keys = keysOf.flatMap(({ prefix, count }) => Array.from({ length: count }, (_, index) => key(prefix, index)));
  await fill(keys, entries, (same) => same);
  postId++;
  const rates = await Promise.all(
    keysOf.map(async ({ master, prefix, count }) => {
      const [host, port] = master.split(':') as [string, string];
      const options = ['-h', host, '-p', port, '-P', '64', '-c', '4', '-n', '70000', '-r', String(count), '--csv'];
      const command = ['ZADD', `${prefix}__rand_int__`, String(postId), `${postId}:${expiresAt}:0`];
      const { stdout } = await run(program!, [...before, ...options, ...command]);
      return Number(stdout.trim().split('\n').at(-1)!.split(',')[1]!.replaceAll('"', ''));
    }),
  );
  await Promise.all(keys.map((each) => cluster.unlink(each)));
  return Math.round(rates.reduce((sum, rate) => sum + rate, 0));
}

async function bytesAnEntry(users: readonly string[], entries: number): Promise<number> {
  await fill(users.slice(0, 100), entries);
  const sizes = await Promise.all(
    users.slice(0, 100).map((id) => cluster.call('MEMORY', 'USAGE', keyOf(id), 'SAMPLES', '0')),
  );
  return spreadOf(sizes.map((size) => Number(size) / entries)).median;
}

/** Deliveries a second of one worker, from the outbox row to the last feed, followers being read from MySQL. */
async function endToEnd(author: string, followers: number, rounds: number): Promise<Spread> {
  const { pool } = schema;
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const now = new Date();
    const rows = Array.from({ length: postsOf(followers) }, () => [author, 'measured', now]);
    const [{ insertId }] = await pool.query<ResultSetHeader>(
      'INSERT INTO posts (author_id, content, created_at) VALUES ?',
      [rows],
    );
    const jobs = rows.map((_, index) => {
      const payload = {
        postId: String(BigInt(insertId) + BigInt(index)),
        authorId: author,
        createdAtMs: now.getTime(),
      };
      return ['post.created', JSON.stringify(payload), now, now];
    });
    await pool.query('INSERT INTO outbox_events (type, payload, available_at, created_at) VALUES ?', [jobs]);
    const begunMs = performance.now();
    for (;;) {
      const [[row]] = await pool.query<RowDataPacket[]>(
        "SELECT COUNT(*) AS count FROM outbox_events WHERE state = 'pending'",
      );
      if (Number(row!.count) === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    rates.push(((followers * rows.length) / (performance.now() - begunMs)) * 1_000);
  }
  return spreadOf(rates);
}

/** Sets how long a sorted set stays a listpack. */
async function encode(mostEntries: number): Promise<void> {
  await Promise.all(cluster.nodes('all').map((node) => node.config('SET', 'zset-max-listpack-entries', mostEntries)));
}

try {
  const results: Record<string, unknown> = {};
  const charts: Chart[] = [];
  const [shipped] = (await cluster.nodes('master')[0]!.config('GET', 'zset-max-listpack-entries')).slice(1);
  const largest = Math.max(...SIZES);
  const users = await createUsers(schema.pool, largest + SIZES.length);
  const authors = users.splice(0, SIZES.length);
  const some = users.slice(0, FEEDS);

  for (const encoding of new Set([Number(shipped), 128])) {
    await encode(encoding);
    for (const entries of [100, 400]) {
      const name = `${entries} entries, listpack up to ${encoding}${encoding === Number(shipped) ? ' (shipped)' : ''}`;
      const ways = await compareWays(some, entries);
      const bytes = await bytesAnEntry(some, entries);
      const redisBenchmark = await limit(entries);
      const ratio = ways['fan-out']!.median / ways['ZADD one by one']!.median;
      console.log(`\n${FEEDS} feeds of ${name}: ${bytes} bytes an entry`);
      for (const [way, rate] of Object.entries(ways)) console.log(`  ${way.padEnd(18)} ${show(rate)} feeds/s`);
      console.log(`  fan-out is ${ratio.toFixed(1)} × one by one; redis-benchmark -P 64 ${redisBenchmark} ZADD/s`);
      results[name] = { bytes, ways, ratio, redisBenchmark };
      charts.push({
        title: `${FEEDS} feeds of ${name}`,
        unit: 'feeds/s',
        bars: [
          ...Object.entries(ways).map(([label, value]) => ({ label, value })),
          ...(redisBenchmark === undefined ? [] : [{ label: 'redis-benchmark', value: redisBenchmark }]),
        ],
        logarithmic: true,
      });
    }
  }
  await encode(Number(shipped));

  for (const [index, size] of SIZES.entries()) {
    for (let start = 0; start < size; start += ROWS) {
      const rows = users.slice(start, Math.min(start + ROWS, size)).map((id) => [authors[index], id, new Date()]);
      await schema.pool.query('INSERT INTO follows (followee_id, follower_id, created_at) VALUES ?', [rows]);
    }
  }
  const worker = await startWorker(schema.env);
  try {
    for (const entries of [100, 400]) {
      await fill(some, entries);
      await endToEnd(authors[SIZES.indexOf(FEEDS)]!, FEEDS, 1);
      const rate = await endToEnd(authors[SIZES.indexOf(FEEDS)]!, FEEDS, ROUNDS);
      console.log(`\nEnd to end, ${FEEDS} feeds of ${entries} entries: ${show(rate)} deliveries/s`);
      results[`end to end, ${entries} entries`] = rate;
    }
    console.log('\nEnd to end by number of followers, feeds of 10 entries');
    await fill(users, 10);
    for (const [index, size] of SIZES.entries()) {
      const rate = await endToEnd(authors[index]!, size, size > 10_000 ? 2 : ROUNDS);
      const microseconds = (1e6 / rate.median).toFixed(1);
      console.log(`  ${String(size).padStart(9)} followers: ${show(rate)} deliveries/s, ${microseconds} us each`);
      results[`end to end, ${size} followers`] = rate;
    }
  } finally {
    await stop(worker.child);
  }
  for (let start = 0; start < users.length; start += 1_000) {
    await Promise.all(users.slice(start, start + 1_000).map((id) => cluster.unlink(keyOf(id))));
  }
  save('fan-out', { feeds: FEEDS, rounds: ROUNDS, results }, charts);
} finally {
  await app.close();
  await schema.drop();
}
