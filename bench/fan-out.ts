// One post into the feeds of many followers: the ways side by side on the same feeds, what memory an entry takes, and one and two workers'
// whole way from the request to the last feed, for authors of 100 followers and of very many.
//
// npm run bench -- fan-out [--million]: with it also to 1,000,000 feeds, which takes some minutes more and gigabytes of Redis.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Cluster } from 'ioredis';
import calculateSlot from 'cluster-key-slot';
import { programCommand, programsAreComplete } from '../stack/lib/programs.ts';
import { startApi, startProcess, startWorker, stop, type Listening } from './lib/application.ts';
import { deliverTogether, postToLastFeed } from './lib/deliveries.ts';
import { quantile, save, show, spreadOf } from './lib/figures.ts';
import { options, roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Chart, Spread } from './lib/results.ts';
import { built, createSchema, createUsers, insertRows } from './lib/schema.ts';

const FEEDS = scaled(10_000, 1_000);
const ROUNDS = roundsOr(5);
const WORKERS = [1, 2];
/** Posts that are delivered together in a round: enough deliveries to be measured, so more of authors of few followers. */
const togetherOf = (followers: number): number => Math.min(200, Math.max(5, Math.ceil(50_000 / followers)));
/** Posts one after the other: as many as a minute or so has time for. */
const singleOf = (followers: number): number => Math.max(3, Math.min(scaled(200, 5), Math.ceil(500_000 / followers)));
/** Larger authors' posts are few, so that feeds hardly grow; those of the others are made anew in each round. */
const REFILLED = 10_000;
const BUCKETS = 1_024;
/** Fewer than feeds, because skiplists of both would not fit into the memory of the development cluster. */
const LIMIT_KEYS = scaled(3_000, 300);
const LIMIT_ADDITIONS = scaled(70_000, 7_000);
const LARGEST = scaled(1_000_000, 20_000);
const SIZES = [...scaled([100, 1_000, 10_000, 100_000], [100, 1_000]), ...(options.million ? [LARGEST] : [])];
/** What a node of the development cluster has is too little for so many feeds. */
const MAXMEMORY_OF_MILLION = '1gb';

const run = promisify(execFile);
const schema = await createSchema({ LARGE_AUTHOR_FOLLOWERS: '1000000000' });
const { app } = await startApi(schema.env);
const strict = { strict: false };
const [{ RedisClients }, { FeedStore }, { feedKey }, { AccessTokens }] = await Promise.all([
  built('infrastructure/redis/redis-clients'),
  built('modules/feeds/feed.store'),
  built('modules/feeds/feed-keys'),
  built('modules/auth/access-tokens'),
]);
const issuer = app.get(AccessTokens, strict);
const cluster: Cluster = app.get(RedisClients, strict).for('background');
const feeds = app.get(FeedStore, strict);
const expiresAt = Math.floor(Date.now() / 1_000) + 7 * 86_400;
const keyOf = (id: string): string => feedKey(id, BUCKETS);
const ROWS = 10_000;
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
      const options = [
        '-h',
        host,
        '-p',
        port,
        '-P',
        '64',
        '-c',
        '4',
        '-n',
        String(LIMIT_ADDITIONS),
        '-r',
        String(count),
        '--csv',
      ];
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

/** What one and two workers make of an author's posts. */
interface EndToEnd {
  deliveriesPerSecond: Spread;
  /** From the request to the last feed, of posts that come one after the other, in milliseconds. */
  p50: number;
  p99: number;
  posts: number;
}

async function endToEnd(author: string, followers: number, entries: number, url: string): Promise<EndToEnd> {
  const some = users.slice(0, followers);
  const refill = async (): Promise<void> => (followers <= REFILLED ? fill(some, entries) : undefined);
  await refill();
  await deliverTogether(schema.pool, author, 2);
  const rates: number[] = [];
  for (let round = 0; round < (followers <= REFILLED ? ROUNDS : Math.min(2, ROUNDS)); round++) {
    await refill();
    rates.push((await deliverTogether(schema.pool, author, togetherOf(followers))) * followers);
  }
  await refill();
  const token = issuer.issue({ userId: author, sessionId: 'bench' });
  const waitsMs = await postToLastFeed(schema.pool, url, token, singleOf(followers));
  return {
    deliveriesPerSecond: spreadOf(rates),
    p50: quantile(waitsMs, 0.5),
    p99: quantile(waitsMs, 0.99),
    posts: waitsMs.length,
  };
}

/** Sets how long a sorted set stays a listpack. */
const encode = (mostEntries: number): Promise<void> => configure('zset-max-listpack-entries', String(mostEntries));

async function configure(setting: string, value: string): Promise<void> {
  await Promise.all(cluster.nodes('all').map((node) => node.config('SET', setting, value)));
}

const users = await createUsers(schema.pool, Math.max(FEEDS, ...SIZES) + SIZES.length);
const authors = users.splice(0, SIZES.length);
const running: Listening[] = [];
try {
  const ways: Record<string, unknown> = {};
  const charts: Chart[] = [];
  if (options.million) await configure('maxmemory', MAXMEMORY_OF_MILLION);
  const [shipped] = (await cluster.nodes('master')[0]!.config('GET', 'zset-max-listpack-entries')).slice(1);
  const some = users.slice(0, FEEDS);
  const encodings = new Set([Number(shipped), 128]);
  const FILLED = [100, 400];
  const progress = startProgress(encodings.size * FILLED.length + WORKERS.length * (SIZES.length + FILLED.length));

  for (const encoding of encodings) {
    await encode(encoding);
    for (const entries of FILLED) {
      const name = `${entries} entries, listpack up to ${encoding}${encoding === Number(shipped) ? ' (shipped)' : ''}`;
      progress.step(name);
      const rates = await compareWays(some, entries);
      const bytes = await bytesAnEntry(some, entries);
      const redisBenchmark = await limit(entries);
      const ratio = rates['fan-out']!.median / rates['ZADD one by one']!.median;
      progress.say(`\n${FEEDS} feeds of ${name}: ${bytes} bytes an entry`);
      for (const [way, rate] of Object.entries(rates)) progress.say(`  ${way.padEnd(18)} ${show(rate)} feeds/s`);
      progress.say(`  fan-out is ${ratio.toFixed(1)} × one by one; redis-benchmark -P 64 ${redisBenchmark} ZADD/s`);
      ways[name] = { bytes, rates, ratio, redisBenchmark };
      charts.push({
        title: `${FEEDS} feeds of ${name}`,
        unit: 'feeds/s',
        bars: [
          ...Object.entries(rates).map(([label, value]) => ({ label, value })),
          ...(redisBenchmark === undefined ? [] : [{ label: 'redis-benchmark', value: redisBenchmark }]),
        ],
        logarithmic: true,
      });
    }
  }
  await encode(Number(shipped));

  for (const [index, size] of SIZES.entries()) {
    const now = new Date();
    for (let start = 0; start < size; start += ROWS) {
      const rows = users.slice(start, Math.min(start + ROWS, size)).map((id) => [authors[index], id, now]);
      await insertRows(schema.pool, 'follows (followee_id, follower_id, created_at)', rows);
    }
  }
  await fill(users, 10);
  const api = await startProcess('main', schema.env);
  running.push(api);
  const filled: Record<string, Record<string, EndToEnd>> = {};
  const byFollowers: Record<string, Record<string, EndToEnd>> = {};
  for (const count of WORKERS) {
    const of = count === 1 ? 'one worker' : `${count} workers`;
    running.push(await startWorker(schema.env));
    const tell = (what: string, { deliveriesPerSecond, p50, p99, posts }: EndToEnd, size: number): void => {
      const microseconds = (1e6 / deliveriesPerSecond.median).toFixed(1);
      progress.say(`${of}, ${what}: ${show(deliveriesPerSecond)} deliveries/s, ${microseconds} us each`);
      progress.say(`  POST to last of ${size} feeds: p50 ${p50} ms, p99 ${p99} ms (${posts} posts)`);
    };
    filled[count] = {};
    byFollowers[count] = {};
    for (const [index, size] of SIZES.entries()) {
      progress.step(`${of}, ${size} followers`);
      const result = await endToEnd(authors[index]!, size, 10, api.url);
      byFollowers[count][size] = result;
      tell(`${size} followers with feeds of 10 entries`, result, size);
    }
    const place = SIZES.findLastIndex((size) => size <= FEEDS);
    for (const entries of FILLED) {
      progress.step(`${of}, feeds of ${entries} entries`);
      const result = await endToEnd(authors[place]!, SIZES[place]!, entries, api.url);
      filled[count][entries] = result;
      tell(`${SIZES[place]} followers with feeds of ${entries} entries`, result, SIZES[place]!);
    }
  }
  progress.end();
  // The benchmarks that follow share the nodes.
  for (let start = 0; start < users.length; start += 1_000) {
    await Promise.all(users.slice(start, start + 1_000).map((id) => cluster.unlink(keyOf(id))));
  }
  const bars = (what: (result: EndToEnd) => Spread | number) =>
    WORKERS.flatMap((count) =>
      SIZES.map((size) => ({ label: `${size} followers, ${count}`, value: what(byFollowers[count]![size]!) })),
    );
  charts.push(
    {
      title: 'Deliveries a second, with one and two workers',
      unit: '/s',
      bars: bars((result) => result.deliveriesPerSecond),
      logarithmic: true,
    },
    {
      title: 'From POST to the last feed, p99, with one and two workers',
      unit: 'ms',
      bars: bars((result) => result.p99),
      logarithmic: true,
    },
  );
  save('fan-out', { feeds: FEEDS, rounds: ROUNDS, ways, filled, byFollowers }, charts);
} finally {
  for (const { child } of running) await stop(child);
  await app.close();
  await schema.drop();
}
