// The same calls with 10,000 and 80,000 users, and with 1,000,000: each size has a schema and an API of its own, and its turn in every round.
//
// npm run bench -- growth [--million]: the largest size takes ten minutes to make, and some gigabytes.
import { configOf, startProcess, stop, type Listening } from './lib/application.ts';
import { quantile, ratioOf, save, show, spreadOf } from './lib/figures.ts';
import { makeFollows } from './lib/graph.ts';
import { startLoad, type OwnRequest } from './lib/http-load.ts';
import { options, roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Spread } from './lib/results.ts';
import { built, createSchema, createUsers, insertRows, type Schema } from './lib/schema.ts';
import { untilSettled } from './lib/settled.ts';

const SIZES = [...scaled([10_000, 80_000], [500, 1_500]), ...(options.million ? [scaled(1_000_000, 20_000)] : [])];
const ROUNDS = roundsOr(5);
/** Calls of a kind in a round, one after the other: what is compared is how long one takes, not how many fit in. */
const CALLS = scaled(300, 30);
const POSTS_EACH = 2;
const POOL_SIZE = 10;
const ROWS = 5_000;

interface World {
  size: number;
  schema: Schema;
  api: Listening;
  users: string[];
  tokenOf: (userId: string) => string;
}

const load = startLoad();
const worlds: World[] = [];
const any = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!;

const KINDS: Record<string, (world: World) => Omit<OwnRequest, 'token'>> = {
  feed: () => ({ method: 'GET', path: '/v1/feed' }),
  post: () => ({ method: 'POST', path: '/v1/posts', body: JSON.stringify({ content: 'x'.repeat(200) }) }),
  follow: ({ users }) => ({ method: 'PUT', path: `/v1/users/${any(users)}/follow` }),
  search: ({ users }) => ({ method: 'GET', path: `/v1/users?query=b_${Math.floor(Math.random() * users.length)}` }),
};

async function createWorld(size: number): Promise<World> {
  const schema = await createSchema({ MYSQL_POOL_SIZE: String(POOL_SIZE) });
  const users = await createUsers(schema.pool, size);
  let rows: unknown[][] = [];
  const now = new Date();
  const flush = async (): Promise<void> => {
    await insertRows(schema.pool, 'follows (follower_id, followee_id, created_at)', rows);
    rows = [];
  };
  for (const [follower, followee] of makeFollows(size)) {
    rows.push([users[follower], users[followee], now]);
    if (rows.length === ROWS) await flush();
  }
  await flush();
  for (let post = 0; post < POSTS_EACH; post++) {
    for (let start = 0; start < size; start += ROWS) {
      const some = users.slice(start, start + ROWS).map((author) => [author, 'x'.repeat(200), new Date()]);
      await insertRows(schema.pool, 'posts (author_id, content, created_at)', some);
    }
  }
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = new AccessTokens(await configOf(schema.env));
  const tokenOf = (userId: string): string => issuer.issue({ userId, sessionId: 'bench' });
  return { size, schema, users, tokenOf, api: await startProcess('main', schema.env) };
}

/** @returns the median of one kind of call, in milliseconds */
async function turn(world: World, kind: string, readers: readonly string[]): Promise<number> {
  const tokens = Array.from({ length: CALLS }, () => ({
    token: world.tokenOf(kind === 'feed' ? any(readers) : any(world.users)),
    ...KINDS[kind]!(world),
  }));
  const result = await load.run({ url: world.api.url, method: 'GET', path: '/', tokens, concurrency: 1 });
  // Somebody may have been told to follow themself.
  if (result.failed > Math.max(1, CALLS / 50)) throw new Error(`${result.failed} of ${kind} failed`);
  return quantile(result.latenciesMs, 0.5);
}

try {
  const progress = startProgress(SIZES.length + ROUNDS + 1);
  for (const size of SIZES) {
    progress.step(`${size} users`);
    worlds.push(await createWorld(size));
  }
  await untilSettled(worlds[0]!.schema); // they share their servers
  // Feeds are there: what is compared is reading one, not building it.
  const readersOf = new Map(worlds.map((world) => [world, Array.from({ length: CALLS }, () => any(world.users))]));
  const medians = new Map(
    worlds.map((world) => [world, Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, [] as number[]]))]),
  );
  for (const [world, readers] of readersOf) {
    await load.run({
      url: world.api.url,
      method: 'GET',
      path: '/v1/feed',
      tokens: readers.map(world.tokenOf),
      concurrency: 4,
    });
  }
  for (let round = 0; round <= ROUNDS; round++) {
    progress.step(round === 0 ? 'warming up' : `round ${round}`);
    for (const kind of Object.keys(KINDS)) {
      for (const world of worlds) {
        const median = await turn(world, kind, readersOf.get(world)!);
        if (round > 0) medians.get(world)![kind]!.push(median);
      }
    }
  }
  progress.end();
  const smallest = medians.get(worlds[0]!)!;
  const p50: Record<string, Record<string, Spread>> = {};
  const ratios: Record<string, Record<string, Spread>> = {};
  for (const [{ size }, kinds] of medians) {
    p50[size] = Object.fromEntries(Object.entries(kinds).map(([kind, values]) => [kind, spreadOf(values)]));
    ratios[size] = Object.fromEntries(
      Object.entries(kinds).map(([kind, values]) => [kind, ratioOf(values, smallest[kind]!)]),
    );
    for (const kind of Object.keys(KINDS)) {
      console.log(
        `${String(size).padStart(9)} users, ${kind.padEnd(7)} p50 ${show(p50[size][kind]!)} ms, ${show(ratios[size][kind]!)} × the smallest`,
      );
    }
  }
  const bars = Object.keys(KINDS).flatMap((kind) =>
    SIZES.slice(1).map((size) => ({ label: `${kind}, ${size} users`, value: ratios[size]![kind]! })),
  );
  save('growth', { sizes: SIZES, poolSize: POOL_SIZE, p50, ratios }, [
    { title: `p50 : p50 with ${SIZES[0]} users`, unit: '×', bars, target: 1.5 },
  ]);
} finally {
  await load.end();
  for (const { api, schema } of worlds) {
    await stop(api.child);
    await schema.drop();
  }
}
