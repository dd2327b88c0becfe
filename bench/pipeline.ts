// A store's commands in one pipeline a node, against the same commands one at a time and all at once: round trips, or what is
// written to sockets, and time, for the posts of a page and for the feeds of a chunk of fan-out.
import type { Cluster } from 'ioredis';
import { startApi } from './lib/application.ts';
import { save, show, spreadOf } from './lib/figures.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Spread } from './lib/results.ts';
import { built, createSchema } from './lib/schema.ts';

const PAGE = 20;
const FEEDS = scaled(10_000, 500);
/** Entries that each feed holds before: fan-out is about feeds that exist. */
const ENTRIES = 100;
const ROUNDS = roundsOr(7);
/** Feeds that were read since are skipped: none. */
const WHENEVER = Number.MAX_SAFE_INTEGER;
/** A page takes too short a time to be measured alone. */
const PAGES_PER_ROUND = scaled(100, 10);

interface Way {
  name: string;
  run: () => Promise<unknown>;
}

interface Figures {
  milliseconds: Spread;
  /** Writes to the sockets of Redis' nodes. */
  writes: number;
}

const schema = await createSchema({});
const { app } = await startApi(schema.env);
const strict = { strict: false };
const [{ RedisClients }, { PostsStore }, { FeedStore }, { feedKey }, { PUSH }] = await Promise.all([
  built('infrastructure/redis/redis-clients'),
  built('modules/posts/posts.store'),
  built('modules/feeds/feed.store'),
  built('modules/feeds/feed-keys'),
  built('modules/feeds/feed.scripts'),
]);
const cluster: Cluster = app.get(RedisClients, strict).for('background');
const posts = app.get(PostsStore, strict);
const feeds = app.get(FeedStore, strict);
const base = BigInt(Date.now()) * 1_000n;
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => String(base + BigInt(index)));

/** Counts what is written to sockets while `work` runs. */
async function writesDuring(work: () => Promise<unknown>): Promise<number> {
  const clients: Cluster[] = ['request', 'background'].map((traffic) => app.get(RedisClients, strict).for(traffic));
  const streams = clients.flatMap((client) => client.nodes('all').map((node) => node.stream)).filter(Boolean);
  let writes = 0;
  for (const stream of streams) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = (...args: unknown[]) => {
      writes++;
      return write(...args);
    };
  }
  await work();
  for (const stream of streams) Reflect.deleteProperty(stream, 'write');
  return writes;
}

/** Runs the ways in turn, so that whatever else the machine does falls on all of them. */
async function compare(what: string, ways: Way[], times: number): Promise<Record<string, Figures>> {
  const durations = ways.map((): number[] => []);
  const writes: number[] = [];
  for (const { run } of ways) {
    await run(); // connections, scripts and compiled code are there from now on
    writes.push(await writesDuring(run));
  }
  for (let round = 0; round < ROUNDS; round++) {
    progress.step(`${what}, round ${round + 1}`);
    for (const [index, { run }] of ways.entries()) {
      const begunMs = performance.now();
      for (let time = 0; time < times; time++) await run();
      durations[index]!.push((performance.now() - begunMs) / times);
    }
  }
  return Object.fromEntries(
    ways.map(({ name }, index) => [name, { milliseconds: spreadOf(durations[index]!), writes: writes[index]! }]),
  );
}

function print(title: string, figures: Record<string, Figures>): void {
  const pipelined = figures['pipeline']!.milliseconds.median;
  console.log(`\n${title}`);
  for (const [name, { milliseconds, writes }] of Object.entries(figures)) {
    const ratio = (milliseconds.median / pipelined).toFixed(1);
    console.log(`  ${name.padEnd(12)} ${show(milliseconds)} ms, ${writes} writes to sockets, ${ratio} × the pipeline`);
  }
}

async function ofPosts(): Promise<Record<string, Figures>> {
  const page = ids(PAGE);
  const key = (id: string): string => `post:{${id}}:body`;
  for (const id of page) {
    const post = { id, authorId: '1', content: 'x'.repeat(200), createdAt: new Date(), editedAt: null, version: 1 };
    await posts.write(post, 'background');
  }
  return compare(
    'posts',
    [
      {
        name: 'one by one',
        run: async () => {
          for (const id of page) await cluster.get(key(id));
        },
      },
      { name: 'all at once', run: () => Promise.all(page.map((id) => cluster.get(key(id)))) },
      { name: 'pipeline', run: () => posts.read(page, true) },
    ],
    PAGES_PER_ROUND,
  );
}

async function ofFeeds(): Promise<Record<string, Figures>> {
  const users = ids(FEEDS);
  const expiresAt = Math.floor(Date.now() / 1_000) + 86_400;
  const entry = (postId: number) => ({ postId: String(postId), expiresAt, viewed: false });
  const older = Array.from({ length: ENTRIES }, (_, index) => entry(index + 1));
  const keys = users.map((id) => feedKey(id, 1_024) as string);
  for (let start = 0; start < FEEDS; start += 100) {
    await Promise.all(keys.slice(start, start + 100).map((key) => cluster.zadd(key, 0, '0:r:bench:0:0:0')));
    await Promise.all(users.slice(start, start + 100).map((id) => feeds.add(id, older, 'background')));
  }
  await Promise.all(cluster.nodes('master').map((node) => node.script('LOAD', PUSH.source)));
  let postId = 1_000;
  const alone = (key: string): Promise<unknown> => {
    const member = `${postId}:${expiresAt}:0`;
    return cluster.evalsha(PUSH.sha, 1, key, String(postId), member, 800, WHENEVER);
  };
  try {
    return await compare(
      'feeds',
      [
        {
          name: 'one by one',
          run: async () => {
            postId++;
            for (const key of keys) await alone(key);
          },
        },
        {
          name: 'all at once',
          run: () => {
            postId++;
            return Promise.all(keys.map(alone));
          },
        },
        // This way also waits for a replica of each node to have it, as fan-out does.
        { name: 'pipeline', run: () => feeds.push(entry(++postId), users, 'background') },
      ],
      1,
    );
  } finally {
    for (const key of keys) void cluster.unlink(key);
    await cluster.ping().catch(() => undefined);
  }
}

const progress = startProgress(2 * ROUNDS);
try {
  const page = await ofPosts();
  const chunk = await ofFeeds();
  progress.end();
  print(`${PAGE} cached posts`, page);
  print(`One post into ${FEEDS} feeds of ${ENTRIES} entries`, chunk);
  const bars = (figures: Record<string, Figures>) =>
    Object.entries(figures).map(([label, { milliseconds }]) => ({ label, value: milliseconds }));
  save('pipeline', { rounds: ROUNDS, posts: page, feeds: chunk }, [
    { title: `${PAGE} cached posts`, unit: 'ms', bars: bars(page) },
    { title: `One post into ${FEEDS} feeds`, unit: 'ms', bars: bars(chunk), logarithmic: true },
  ]);
} finally {
  await app.close();
  await schema.drop();
}
