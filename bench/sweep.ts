// What it costs a node of Redis that expired entries are taken out of feeds that nobody reads: processor time a feed, what that makes of a
// million feeds in an hour, and the longest call.
//
// npm run bench -- sweep
import type { Cluster, Redis } from 'ioredis';
import { startApi } from './lib/application.ts';
import { save, show, spreadOf } from './lib/figures.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Spread } from './lib/results.ts';
import { built, createSchema } from './lib/schema.ts';

const ROUNDS = roundsOr(5);
const BUCKETS = 1_024;
/** Enough feeds of each kind for a few hundred milliseconds of a node. */
const ENTRIES_AT_A_TIME = scaled(400_000, 40_000);
const MILLION = 1e6;
/** An hour, in which every feed is looked at once. */
const HOUR_SECONDS = 3_600;
/** A call that takes longer is one too many. */
const LONGEST_US = 1_000;
/** A day ago, and in a week. */
const nowSeconds = Math.floor(Date.now() / 1_000);
const [OVER, LIVE] = [nowSeconds - 86_400, nowSeconds + 7 * 86_400];

/** Feeds that a sweep may meet. */
interface Kind {
  name: string;
  entries: number;
  /** The oldest so many, unless they are scattered: some were viewed. */
  expired: number;
  scattered?: true;
}
const KINDS: Kind[] = [
  { name: '100 entries, none expired', entries: 100, expired: 0 },
  { name: '400 entries, none expired', entries: 400, expired: 0 },
  { name: '400 entries, the older half expired', entries: 400, expired: 200 },
  { name: '400 entries, every second one expired', entries: 400, expired: 200, scattered: true },
  { name: '800 entries, all expired', entries: 800, expired: 800 },
  { name: '800 entries, every second one expired', entries: 800, expired: 400, scattered: true },
];

const schema = await createSchema({});
const { app } = await startApi(schema.env);
const strict = { strict: false };
const [{ RedisClients }, { FeedStore }, { feedKey }, { FeedSweep }, { KeyScanner, SCAN_START }] = await Promise.all([
  built('infrastructure/redis/redis-clients'),
  built('modules/feeds/feed.store'),
  built('modules/feeds/feed-keys'),
  built('modules/feeds/feed-sweep'),
  built('infrastructure/redis/key-scanner'),
]);
const clients = app.get(RedisClients, strict);
const cluster: Cluster = clients.for('background');
const scanner = new KeyScanner(clients);
const sweep = new FeedSweep(app.get(FeedStore, strict), scanner);

async function fill(keys: readonly string[], { entries, expired, scattered }: Kind): Promise<void> {
  const members = Array.from({ length: entries }, (_, index) => {
    const id = 300_000_000 + index;
    const isOver = scattered ? index % 2 === 0 : index < expired;
    return [id, `${id}:${isOver ? OVER : LIVE}:0`];
  });
  for (let start = 0; start < keys.length; start += 200) {
    await Promise.all(
      keys.slice(start, start + 200).map(async (key) => {
        await cluster.unlink(key);
        await cluster.zadd(key, 0, `0:r:0123456789ab:${nowSeconds}:0:0`, ...members.flat());
      }),
    );
  }
}

/** Processor time of a node so far, in microseconds. */
async function processorTime(node: Redis): Promise<number> {
  const text = await node.info('cpu');
  const seconds = (name: string): number => Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(text)![1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** One walk over all feeds of all masters, as fast as it goes. @returns processor time of the masters, and calls that took too long */
async function walk(feeds: number): Promise<{ microseconds: number; tooLong: number; removed: number }> {
  const masters = cluster.nodes('master');
  await Promise.all(masters.map((node) => node.slowlog('RESET')));
  const before = sum(await Promise.all(masters.map(processorTime)));
  let [removed, looked] = [0, 0];
  for (const master of scanner.masters()) {
    let position = { cursor: SCAN_START };
    do {
      const step = await sweep.step(master, position, HOUR_SECONDS);
      ({ position } = step);
      removed += step.entries;
      looked += step.feeds;
    } while (position.cursor !== SCAN_START);
  }
  if (looked < feeds) throw new Error(`${looked} of ${feeds} feeds were looked at`);
  const microseconds = (sum(await Promise.all(masters.map(processorTime))) - before) / feeds;
  const tooLong = sum((await Promise.all(masters.map((node) => node.slowlog('LEN')))).map(Number));
  return { microseconds, tooLong, removed };
}

const setThreshold = (microseconds: number): Promise<unknown> =>
  Promise.all(cluster.nodes('master').map((node) => node.config('SET', 'slowlog-log-slower-than', microseconds)));

try {
  const [, threshold] = await cluster.nodes('master')[0]!.config('GET', 'slowlog-log-slower-than');
  await setThreshold(LONGEST_US);
  const progress = startProgress(KINDS.length * (ROUNDS + 1));
  const masters = cluster.nodes('master').length;
  const results: Record<string, { microseconds: Spread; shareOfANode: number; tooLong: number; calls: number }> = {};
  for (const kind of KINDS) {
    const count = Math.floor(ENTRIES_AT_A_TIME / kind.entries);
    const keys = Array.from({ length: count }, (_, index) => feedKey(String(900_000_000_000_000 + index), BUCKETS));
    const microseconds: number[] = [];
    let tooLong = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      progress.step(`feeds of ${kind.name}`);
      await fill(keys, kind);
      const walked = await walk(count);
      // Of many scattered ones the next call takes the rest.
      if (walked.removed < count * Math.min(kind.expired, 200))
        throw new Error(`${walked.removed} entries were removed`);
      if (round === 0) continue; // scripts are there from now on
      microseconds.push(walked.microseconds);
      tooLong += walked.tooLong;
    }
    await Promise.all(keys.map((key) => cluster.unlink(key)));
    const each = spreadOf(microseconds);
    const shareOfANode = (MILLION / masters) * (each.median / 1e6 / HOUR_SECONDS);
    results[kind.name] = { microseconds: each, shareOfANode, tooLong, calls: count * ROUNDS };
    progress.say(
      `feeds of ${kind.name}: ${show(each)} us of a node each; a million in an hour: ${(shareOfANode * 100).toFixed(2)} % ` +
        `of each of ${masters}; ${tooLong} of ${count * ROUNDS} calls longer than ${LONGEST_US / 1_000} ms`,
    );
  }
  progress.end();
  await setThreshold(Number(threshold));
  save('sweep', { masters, results }, [
    {
      title: 'A million feeds swept in an hour, share of a node',
      unit: '%',
      bars: Object.entries(results).map(([label, { shareOfANode }]) => ({ label, value: shareOfANode * 100 })),
      target: 5,
    },
  ]);
} finally {
  await app.close();
  await schema.drop();
}
