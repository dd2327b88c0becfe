// What so many users need, from what was measured here. docs/capacity.md tells what each assumption stands for.
import { followersAt } from './graph.ts';
import type { Spread } from './results.ts';

export const ASSUMED = {
  /** Requests of a user who is active, in a day. */
  requestsADay: 30,
  /** The mixture of `mixed`. */
  share: { feed: 0.9, like: 0.06, comment: 0.02, post: 0.02 },
  /** Users who come on a day, and who have come within FEED_IDLE_TTL and so have a feed. */
  active: 0.4,
  withFeed: 0.7,
  /** The busiest hour has so many times the requests of an average one. */
  peak: 2.5,
  /** Nothing runs at more than that of what it can do. */
  busy: 0.6,
  feedDays: 7,
  feedMaxEntries: 800,
  /** Posts are cached for a day or so; most of what is read is young. */
  cachedDays: 2,
  redisMasterGb: 25,
  /** Copies of what a Redis master or a MySQL primary holds. */
  redisCopies: 2,
  mysqlCopies: 3,
  /** Durable transactions of each: a post's job is leased and finished besides. */
  commits: { like: 1, comment: 1, post: 3 },
  /** Of a post with its index entries, its outbox row and its counts; of a like; of a comment; as InnoDB holds them. */
  rowBytes: { post: 900, like: 90, comment: 400 },
  keepYears: 3,
  feedBuckets: 1_024,
  /** Of a node on which API processes, workers or Redis masters lie beside each other, or one MySQL server. */
  node: { cores: 16, gigabytes: 64 },
  largeAuthorFollowers: 100_000,
};

/** What the benchmarks have measured. */
export interface Measured {
  /** Cores that a request of the mixture takes of each, in seconds. */
  request: { api: number; mysqlPrimary: number; mysqlReplicas: number; redis: number };
  /** Seconds that a worker needs for a post to so many followers while there are many, in rising order. */
  jobs: readonly (readonly [followers: number, seconds: number])[];
  commitsPerSecond: number;
  /** Bytes of an entry, of a feed without entries and of a cached post. */
  entryBytes: number;
  feedBytes: number;
  postBytes: number;
  commandsAPage: number;
}

/** Where the table of the graph's degrees ends and their power law goes on: ten times as rare, 2.6 times as many. */
const TAIL = { share: 0.9999, exponent: Math.log10(followersAt(0.9999) / followersAt(0.999)) };

/** Followers of a user at a place between 0 and 1, of a graph of any size: the larger, the further the tail goes. */
export function followersOf(share: number): number {
  if (share <= TAIL.share) return followersAt(share);
  return followersAt(TAIL.share) * ((1 - TAIL.share) / (1 - share)) ** TAIL.exponent;
}

const POINTS = 20_000;

/** The mean of what depends on followers, over all users. */
function meanOver(users: number, of: (followers: number) => number): number {
  let sum = 0;
  for (let index = 0; index < POINTS; index++) sum += of(followersOf((TAIL.share * (index + 0.5)) / POINTS));
  let mean = (sum / POINTS) * TAIL.share;
  // The tail in steps of a factor, from one user in ten thousand to one of all.
  const steps = 1_000;
  const ratio = (1 / users / (1 - TAIL.share)) ** (1 / steps);
  for (let rest = 1 - TAIL.share, index = 0; index < steps; index++, rest *= ratio) {
    mean += of(followersOf(1 - rest * Math.sqrt(ratio))) * rest * (1 - ratio);
  }
  return mean;
}

/** Seconds of a worker for a post to so many followers, between what was measured on logarithmic scales. */
export function jobSeconds({ jobs }: Measured, followers: number): number {
  if (followers > ASSUMED.largeAuthorFollowers || followers <= jobs[0]![0]) return jobs[0]![1]; // pulled, or few
  const above = jobs.findIndex(([upTo]) => upTo >= followers);
  if (above < 0) return (followers / jobs.at(-1)![0]) * jobs.at(-1)![1];
  const [[fromX, fromY], [toX, toY]] = [jobs[above - 1]!, jobs[above]!];
  const place = Math.log(followers / fromX) / Math.log(toX / fromX);
  return fromY * (toY / fromY) ** place;
}

/** What the largest hour of so many users needs. */
export function need(users: number, measured: Measured) {
  const { share, busy, commits, rowBytes, node } = ASSUMED;
  const requestsADay = users * ASSUMED.active * ASSUMED.requestsADay;
  const perSecond = (requestsADay * ASSUMED.peak) / 86_400;
  const posts = perSecond * share.post;
  const followers = meanOver(users, (each) => each);
  const postsADay = requestsADay * share.post;
  const entries = Math.min(ASSUMED.feedMaxEntries, (postsADay / users) * (followers + 1) * ASSUMED.feedDays);
  const redisGb =
    (users * ASSUMED.withFeed * (measured.feedBytes + entries * measured.entryBytes) +
      postsADay * ASSUMED.cachedDays * measured.postBytes) /
    1e9;
  const redisCores = (perSecond * measured.request.redis) / busy;
  const rowsADay =
    requestsADay * (share.post * rowBytes.post + share.like * rowBytes.like + share.comment * rowBytes.comment);
  const commitsASecond =
    perSecond * (share.like * commits.like + share.comment * commits.comment + share.post * commits.post);
  const primaryCores = (perSecond * measured.request.mysqlPrimary) / busy;
  const replicaCores = (perSecond * measured.request.mysqlReplicas) / busy;
  const shards = Math.ceil(
    Math.max(
      1,
      commitsASecond / (measured.commitsPerSecond * busy),
      primaryCores / node.cores,
      replicaCores / 2 / node.cores,
    ),
  );
  const apiProcesses = Math.ceil((perSecond * measured.request.api) / busy);
  const workers = Math.ceil((posts * meanOver(users, (each) => jobSeconds(measured, each))) / busy);
  const redisMasters = Math.max(
    3,
    Math.ceil(redisGb / ASSUMED.redisMasterGb),
    Math.ceil(redisCores / ASSUMED.redisCopies),
  );
  const redisNodes = Math.ceil(
    Math.max((redisGb * ASSUMED.redisCopies) / (node.gigabytes * busy), redisCores / node.cores, 3),
  );
  return {
    users,
    requestsPerSecond: perSecond,
    requestsAMonth: requestsADay * 30,
    commandsPerSecond: perSecond * share.feed * measured.commandsAPage,
    commitsPerSecond: commitsASecond,
    postsPerSecond: posts,
    meanFollowers: followers,
    deliveriesPerSecond: posts * followers,
    entriesAFeed: entries,
    apiProcesses,
    workers,
    redisGb,
    redisCores,
    redisMasters,
    mysqlCores: primaryCores + replicaCores,
    mysqlShards: shards,
    mysqlTb: (rowsADay * 365 * ASSUMED.keepYears * ASSUMED.mysqlCopies) / 1e12,
    nodes: Math.ceil((apiProcesses + workers) / node.cores) + redisNodes + shards * ASSUMED.mysqlCopies,
  };
}

/** Up to how many users one of something is enough, the scarcest first. */
export function limits(measured: Measured): [name: string, users: number][] {
  const users = 100e6; // large enough that nothing is rounded
  const all = need(users, measured);
  const { busy, node } = ASSUMED;
  const one = (available: number, used: number): number => (available / used) * users;
  const perSecond = all.requestsPerSecond;
  const job = meanOver(users, (each) => jobSeconds(measured, each));
  const some: [string, number][] = [
    ['one API process', one(busy, perSecond * measured.request.api)],
    ['one worker', one(busy, all.postsPerSecond * job)],
    ['one MySQL primary: durable commits', one(measured.commitsPerSecond * busy, all.commitsPerSecond)],
    [`one MySQL primary: ${node.cores} cores`, one(node.cores * busy, perSecond * measured.request.mysqlPrimary)],
    [
      `two MySQL replicas: ${2 * node.cores} cores`,
      one(2 * node.cores * busy, perSecond * measured.request.mysqlReplicas),
    ],
    ['three Redis masters: memory', one(3 * ASSUMED.redisMasterGb, all.redisGb)],
    // Replicas answer most reads; a node has one thread.
    ['three Redis masters, a replica each: processor', one(6 * busy, perSecond * measured.request.redis)],
    [
      `${ASSUMED.feedBuckets} buckets, a master each: memory`,
      one(ASSUMED.feedBuckets * ASSUMED.redisMasterGb, all.redisGb),
    ],
  ];
  return some.toSorted(([, a], [, b]) => a - b);
}

/** The worker's seconds for a post, from deliveries a second. */
export const jobsFrom = (rates: Record<string, Spread>): [number, number][] =>
  Object.entries(rates)
    .map(([followers, rate]): [number, number] => [Number(followers), Number(followers) / rate.median])
    .toSorted(([a], [b]) => a - b);
