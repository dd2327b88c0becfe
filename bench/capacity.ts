// What 1 million, 100 million and 1 billion users need, computed from what the other benchmarks have measured here; measures nothing itself.
// The assumptions are the constants below; docs/capacity.md tells what they stand for and what follows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultsDirectory, save, type Spread } from './lib/figures.ts';
import { followersAt, meanFollowers } from './lib/graph.ts';

const USERS = [1e6, 100e6, 1e9];

/** Of a user who is active, in a day, with the mixture of `mixed`. */
const REQUESTS_A_DAY = 30;
const SHARE = { feed: 0.9, like: 0.06, comment: 0.02, post: 0.02 };
/** Users who come on a day, and who have come within FEED_IDLE_TTL and so have a feed. */
const ACTIVE = 0.4;
const WITH_FEED = 0.7;
/** The busiest hour has so many times the requests of an average one. */
const PEAK = 2.5;
/** Nothing runs at more than that of what it can do. */
const BUSY = 0.6;
const FEED_DAYS = 7;
const FEED_MAX_ENTRIES = 800;
/** Posts are cached for a day or so; most of what is read is young. */
const CACHED_DAYS = 2;
const GB_A_REDIS_MASTER = 25;
/** Copies of what a Redis master or a MySQL primary holds. */
const REDIS_COPIES = 2;
const MYSQL_COPIES = 3;
/** Of a post with its index entries, its outbox row and its counts; of a like; of a comment; as InnoDB holds them. */
const ROW_BYTES = { post: 900, like: 90, comment: 400 };
const KEEP_YEARS = 3;
const FEED_BUCKETS = 1_024;

/** @returns the result of a benchmark, or the reason why there is nothing to compute with */
function resultOf<T>(name: string): T {
  try {
    return JSON.parse(readFileSync(join(resultsDirectory, `${name}.json`), 'utf8')) as T;
  } catch (error) {
    throw new Error(`run npm run bench -- ${name} first: its results are not there`, { cause: error });
  }
}

interface FeedRead {
  saturation: Record<string, { api: { microseconds: Spread } }>;
  cost: Record<string, { commands: Spread }>;
}
const feedRead = resultOf<FeedRead>('feed-read');
const like = resultOf<{ likeCpuMicroseconds: Spread; insertAndCommitPerSecond: Spread }>('like');
const post = resultOf<{ postCpuMicroseconds: Spread; postsPerSecond: Spread }>('post-write');
const fanOut = resultOf<{ results: Record<string, Spread> }>('fan-out');
const memory = resultOf<{ redis: { entry: Record<string, number>; post: { sum: number } } }>('memory');

/** Seconds of a core, as measured; deliveries with all that they need on a machine of two cores. */
const cost = {
  feed: feedRead.saturation['400']!.api.microseconds.median / 1e6,
  like: like.likeCpuMicroseconds.median / 1e6,
  post: post.postCpuMicroseconds.median / 1e6,
  delivery: 2 / fanOut.results['end to end, 100 entries']!.median,
};
/** One primary with two replicas on two cores; a machine of its own does better. */
const writesOfPrimary = like.insertAndCommitPerSecond.median;

const GB = 1e9;
const followers = meanFollowers();

function need(users: number) {
  const perSecond = (users * ACTIVE * REQUESTS_A_DAY * PEAK) / 86_400;
  const posts = perSecond * SHARE.post;
  const writes = perSecond * (SHARE.like + SHARE.comment + SHARE.post);
  const deliveries = posts * followers;
  const postsADay = users * ACTIVE * REQUESTS_A_DAY * SHARE.post;
  const entries = Math.min(FEED_MAX_ENTRIES, ((postsADay / users) * followers + postsADay / users) * FEED_DAYS);
  const apiCores =
    (perSecond * (SHARE.feed * cost.feed + SHARE.like * cost.like + (SHARE.comment + SHARE.post) * cost.post)) / BUSY;
  const feedBytes = users * WITH_FEED * (150 + entries * memory.redis.entry['400']!);
  const cacheBytes = postsADay * CACHED_DAYS * memory.redis.post.sum;
  const redisGb = (feedBytes + cacheBytes) / GB;
  const rowBytes =
    users *
    ACTIVE *
    REQUESTS_A_DAY *
    365 *
    KEEP_YEARS *
    (SHARE.post * ROW_BYTES.post + SHARE.like * ROW_BYTES.like + SHARE.comment * ROW_BYTES.comment);
  return {
    users,
    requestsPerSecond: perSecond,
    writesPerSecond: writes,
    deliveriesPerSecond: deliveries,
    entriesAFeed: entries,
    apiCores,
    deliveryCores: (deliveries * cost.delivery) / BUSY,
    redisGb,
    redisMasters: Math.max(3, Math.ceil(redisGb / GB_A_REDIS_MASTER)),
    redisGbWithCopies: redisGb * REDIS_COPIES,
    mysqlShards: Math.max(1, Math.ceil(writes / (writesOfPrimary * BUSY))),
    mysqlTbWithCopies: (rowBytes / 1e12) * MYSQL_COPIES,
  };
}

/** Up to how many users one of something is enough. */
function limits() {
  const one = need(1e6);
  const scale = (available: number, used: number): number => (available / used) * 1e6;
  return {
    'one MySQL primary, writes': scale(writesOfPrimary * BUSY, one.writesPerSecond),
    'one worker, deliveries': scale(1, one.deliveryCores),
    'three Redis masters, memory': scale(3 * GB_A_REDIS_MASTER, one.redisGb),
    'one API process': scale(1, one.apiCores),
    [`${FEED_BUCKETS} buckets, a master each`]: scale(FEED_BUCKETS * GB_A_REDIS_MASTER, one.redisGb),
  };
}

/**
 * A busy hour of deliveries, second by second: posts come as they like, each to as many as its author has.
 *
 * @returns how long the 99th of 100 seconds' deliveries wait
 */
function simulatedLagSeconds(posts: number, capacity: number): number {
  const lags: number[] = [];
  let waiting = 0;
  for (let second = 0; second < 3_600; second++) {
    // Of many posts a second the sum is drawn from a few, scaled: the tail is what matters.
    const drawn = Math.min(2_000, Math.max(1, Math.round(posts)));
    let sum = 0;
    for (let index = 0; index < drawn; index++) sum += followersAt(Math.random());
    waiting = Math.max(0, waiting + (sum * posts) / drawn - capacity);
    lags.push(waiting / capacity);
  }
  return lags.toSorted((a, b) => a - b)[Math.floor(lags.length * 0.99)]!;
}

const short = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)));
const needs = USERS.map((users) => {
  const each = need(users);
  const capacity = each.deliveriesPerSecond / BUSY;
  return { ...each, lagSeconds: simulatedLagSeconds(each.requestsPerSecond * SHARE.post, capacity) };
});
const rows: [string, (each: (typeof needs)[0]) => number][] = [
  ['requests/s at the peak', (each) => each.requestsPerSecond],
  ['writes/s', (each) => each.writesPerSecond],
  ['deliveries/s', (each) => each.deliveriesPerSecond],
  ['p99 wait of deliveries, simulated, s', (each) => each.lagSeconds],
  ['entries a feed', (each) => each.entriesAFeed],
  ['cores for the API', (each) => each.apiCores],
  ['cores for deliveries, Redis included', (each) => each.deliveryCores],
  ['GB in Redis, without copies', (each) => each.redisGb],
  ['Redis masters, a replica each', (each) => each.redisMasters],
  ['MySQL shards, two replicas each', (each) => each.mysqlShards],
  [`TB in MySQL after ${KEEP_YEARS} years, with copies`, (each) => each.mysqlTbWithCopies],
];
console.log(
  `| | ${USERS.map((users) => `${short(users)} users`).join(' | ')} |\n| --- |${' ---: |'.repeat(USERS.length)}`,
);
for (const [name, of] of rows) console.log(`| ${name} | ${needs.map((each) => short(of(each))).join(' | ')} |`);
console.log('\n| enough for | users |\n| --- | ---: |');
const enough = Object.entries(limits()).toSorted(([, a], [, b]) => a - b);
for (const [name, users] of enough) console.log(`| ${name} | ${short(users)} |`);
save('capacity', { cost, writesOfPrimary, meanFollowers: followers, needs, enough }, [
  {
    title: 'Up to how many users one is enough',
    unit: 'users',
    bars: enough.map(([label, value]) => ({ label, value })),
    logarithmic: true,
  },
]);
