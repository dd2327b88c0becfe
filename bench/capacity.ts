// What 1 million, 100 million and 1 billion users need, computed from what the other benchmarks have measured here; measures nothing itself.
// Prints the tables of docs/capacity.md, which tells what they mean, ready to be pasted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ASSUMED, jobsFrom, limits, need, type Measured } from './lib/capacity-model.ts';
import { simulateDeliveries } from './lib/delivery-simulation.ts';
import { save } from './lib/figures.ts';
import { resultsDirectory, type Spread } from './lib/results.ts';

const USERS = [1e6, 100e6, 1e9];
/** Of the workers that are needed, that many are there when some have failed. */
const LEFT_AFTER_FAILURE = 0.75;

/** @returns the result of a benchmark, or the reason why there is nothing to compute with */
function resultOf<T>(name: string): T {
  let text: string;
  try {
    text = readFileSync(join(resultsDirectory, `${name}.json`), 'utf8');
  } catch (error) {
    throw new Error(`run npm run bench -- ${name} first: its results are not there`, { cause: error });
  }
  const result = JSON.parse(text) as T & { quick?: boolean };
  if (result.quick) console.log(`${name} was run with --quick: what follows from it means nothing`);
  return result;
}

const mixed = resultOf<{
  common: number;
  knee: Spread;
  processes: Record<string, { cores: Spread }>;
  idle: Record<string, { cores: number }>;
}>('mixed');
const memory = resultOf<{
  redis: { feed: Record<string, Spread>; entries: Record<string, Spread>; post: { sum: number } };
}>('memory');
const like = resultOf<{ insertAndCommitPerSecond: Spread }>('like');
const feedRead = resultOf<{ cost: Record<string, { commands: Spread; commandsAfterwards: Spread }> }>('feed-read');
const fanOut = resultOf<{
  byFollowers: Record<string, Record<string, { deliveriesPerSecond: Spread; p50: number }>>;
}>('fan-out');
const backlog = resultOf<{ jobs: number; followers: number; drainSeconds: Spread }>('backlog');
const growth = resultOf<{ sizes: number[]; ratios: Record<string, Record<string, Spread>> }>('growth');

/** Seconds of a core for a request, without what the processes use when there is none. */
const coresOf = (start: string): number =>
  Object.entries(mixed.processes)
    .filter(([name]) => name.startsWith(start))
    .reduce((sum, [name, { cores }]) => sum + cores.median - mixed.idle[name]!.cores, 0) / mixed.common;
const [small, usual] = ['100', '400'];
/** What a feed of some entries takes, and one of many: the difference is entries. */
const { feed, entries } = memory.redis;
const entryBytes = (feed[usual]!.median - feed[small]!.median) / (entries[usual]!.median - entries[small]!.median);
const oneWorker = fanOut.byFollowers['1']!;
const { commands, commandsAfterwards } = feedRead.cost[usual]!;

const measured: Measured = {
  request: {
    api: coresOf('api'),
    mysqlPrimary: coresOf('mysql-primary'),
    mysqlReplicas: coresOf('mysql-replica'),
    redis: coresOf('redis'),
  },
  jobs: [
    [backlog.followers, backlog.drainSeconds.median / backlog.jobs],
    ...jobsFrom(
      Object.fromEntries(
        Object.entries(oneWorker).map(([size, { deliveriesPerSecond }]) => [size, deliveriesPerSecond]),
      ),
    ),
  ],
  commitsPerSecond: like.insertAndCommitPerSecond.median,
  entryBytes,
  feedBytes: Math.max(0, feed[small]!.median - entries[small]!.median * entryBytes),
  postBytes: memory.redis.post.sum,
  commandsAPage: commands.median + commandsAfterwards.median,
};

const short = (value: number): string =>
  value >= 1e9
    ? `${Number((value / 1e9).toPrecision(2))} G`
    : value >= 100
      ? Math.round(value).toLocaleString('en')
      : String(Number(value.toPrecision(2)));
const micro = (seconds: number): string => `${short(seconds * 1e6)} us`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n| ${head.join(' | ')} |\n| --- |${' ---: |'.repeat(head.length - 1)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

console.log('Measured');
table(
  ['what', 'measured'],
  [
    ['a request of the mixture: API', micro(measured.request.api)],
    ['… MySQL primary', micro(measured.request.mysqlPrimary)],
    ['… MySQL replicas, both', micro(measured.request.mysqlReplicas)],
    ['… Redis, all six', micro(measured.request.redis)],
    ...measured.jobs.map(([followers, seconds]) => [
      `a post to ${short(followers)} followers, one worker`,
      `${short(seconds * 1e3)} ms`,
    ]),
    ['durable commits of a primary', `${short(measured.commitsPerSecond)} /s`],
    ['an entry of a feed, a feed without entries', `${short(measured.entryBytes)} B, ${short(measured.feedBytes)} B`],
    ['a cached post', `${short(measured.postBytes)} B`],
    ['knee of the mixture on this machine', `${mixed.knee.median} /s`],
  ],
);

const needs = USERS.map((users) => need(users, measured));
const columns = USERS.map((users) => `${short(users)} users`);
const row = (name: string, of: (each: (typeof needs)[0]) => number): string[] => [
  name,
  ...needs.map((each) => short(of(each))),
];
console.log('\nNeeded');
table(
  ['in the busiest hour', ...columns],
  [
    row('requests/s', (each) => each.requestsPerSecond),
    row('requests a month', (each) => each.requestsAMonth),
    row('commands/s of Redis for pages', (each) => each.commandsPerSecond),
    row('durable commits/s', (each) => each.commitsPerSecond),
    row('posts/s', (each) => each.postsPerSecond),
    row('deliveries/s', (each) => each.deliveriesPerSecond),
    row('entries a feed', (each) => each.entriesAFeed),
    row('API processes, a core each', (each) => each.apiProcesses),
    row('workers, a core each', (each) => each.workers),
    row('GB in Redis, without copies', (each) => each.redisGb),
    row('cores of Redis, replicas included', (each) => each.redisCores),
    row('Redis masters, a replica each', (each) => each.redisMasters),
    row('cores of MySQL, replicas included', (each) => each.mysqlCores),
    row('MySQL shards, two replicas each', (each) => each.mysqlShards),
    row(`TB in MySQL after ${ASSUMED.keepYears} years, with copies`, (each) => each.mysqlTb),
    row(`nodes of ${ASSUMED.node.cores} cores and ${ASSUMED.node.gigabytes} GB`, (each) => each.nodes),
  ],
);

const enough = limits(measured);
console.log('\nWhat saturates first');
table(
  ['enough for', 'users'],
  enough.map(([name, users]) => [name, short(users)]),
);

const largest = Math.max(...growth.sizes);
const ratios = Object.entries(growth.ratios[largest]!);
console.log('\nChecked');
table(
  [`p50 with ${short(largest)} users : ${short(Math.min(...growth.sizes))}`, '×'],
  ratios.map(([kind, ratio]) => [kind, `${ratio.median} (${ratio.lowest} to ${ratio.highest})`]),
);

const simulated = needs.map(({ users, workers, postsPerSecond }) => ({
  users,
  all: simulateDeliveries(users, workers, postsPerSecond, measured),
  some: simulateDeliveries(users, Math.max(1, Math.floor(workers * LEFT_AFTER_FAILURE)), postsPerSecond, measured),
}));
const milliseconds = (seconds: number): string => short(seconds * 1_000);
console.log('\nSimulated');
table(
  ['ms in the queue and with a worker', ...columns],
  (['p50', 'p99', 'longest'] as const).flatMap((what) => [
    [`${what}, all workers`, ...simulated.map(({ all }) => milliseconds(all[what]))],
    [`${what}, three quarters of them`, ...simulated.map(({ some }) => milliseconds(some[what]))],
  ]),
);

save('capacity', { assumed: ASSUMED, measured, needs, enough, simulated }, [
  {
    title: 'Up to how many users one is enough',
    unit: 'users',
    bars: enough.map(([label, value]) => ({ label, value })),
    logarithmic: true,
  },
]);
