// What it costs that `@Transactional({ readOnly: true })` finds a replica for a read, and what it brings: the statement of a reader through
// the decorator beside the same statement on bare pools; a list of followers by an API with none, one and two replicas, by turns; and where
// reads go that follow the reader's own write at once.
import { configOf, metric, processorSeconds, startApi, startProcess, stop, type Listening } from './lib/application.ts';
import { chance } from './lib/chance.ts';
import { quantile, ratioOf, save, show, spreadOf } from './lib/figures.ts';
import { startLoad } from './lib/http-load.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Spread } from './lib/results.ts';
import { built, createSchema } from './lib/schema.ts';
import { untilSettled } from './lib/settled.ts';
import { barePool, selectsOf, serversOf } from './lib/servers.ts';
import { usageByName } from './lib/usage.ts';
import { loadGraph } from './lib/world.ts';

const ROUNDS = roundsOr(7);
const STATEMENTS = scaled(3_000, 200);
const CONCURRENCIES = [1, 32];
const POOL_SIZE = 10;
const PAGE = 20;
const REQUESTS = scaled(1_500, 100);
/** Users who write and read what they have written, one after the other, in each state. */
const WRITERS = scaled(300, 20);
/** Beside the others' writes, each of which the replicas must follow. */
const WRITES_PER_SECOND = 100;
const SELECT =
  'SELECT follower_id AS id FROM follows WHERE followee_id = ? AND follower_id > ? ORDER BY follower_id LIMIT ?';

const schema = await createSchema({ MYSQL_POOL_SIZE: String(POOL_SIZE) });
const { env } = schema;
const { about, users } = await loadGraph(schema);
await untilSettled(schema);
/** Who has a page of followers. */
const popular = users.filter(({ followers }) => followers >= PAGE).map(({ id }) => id);
const { app } = await startApi(env);
const servers = serversOf(env);
const pools = servers.map(({ address }) => barePool(env, address, POOL_SIZE));
const [primaryPool, ...replicaPools] = pools as [(typeof pools)[0], ...typeof pools];
const load = startLoad();
const others = startLoad();
const running: Listening[] = [];
const { below } = chance(4);
const any = <T>(values: readonly T[]): T => values[below(values.length)]!;

const [{ FollowsReader }, { requestContext }, { AccessTokens }] = await Promise.all([
  built('modules/follows/follows.reader'),
  built('infrastructure/context/request-context'),
  built('modules/auth/access-tokens'),
]);
const reader = app.get(FollowsReader, { strict: false });
const issuer = new AccessTokens(await configOf(env));
const tokenOf = (userId: string): string => issuer.issue({ userId, sessionId: 'bench' });

interface Way {
  name: string;
  /** What it is compared with. */
  baseline?: string;
  run: (id: string, turn: number) => Promise<unknown>;
}

const WAYS: Way[] = [
  {
    name: 'bare, replicas by turns',
    run: (id, turn) => replicaPools[turn % replicaPools.length]!.query(SELECT, [id, '0', PAGE]),
  },
  {
    name: 'read-only',
    baseline: 'bare, replicas by turns',
    run: (id) => reader.followersAfter(id, '0', PAGE),
  },
  {
    // Whether the user has written is asked of Redis once a request, and this one has a single statement.
    name: "read-only, a user's request",
    baseline: 'bare, replicas by turns',
    run: (id) => requestContext.run({ requestId: 'bench', userId: id }, () => reader.followersAfter(id, '0', PAGE)),
  },
  { name: 'bare, primary', run: (id) => primaryPool.query(SELECT, [id, '0', PAGE]) },
  {
    name: 'read-only, fresh',
    baseline: 'bare, primary',
    run: (id) => reader.followersAfterNow(id, '0', PAGE),
  },
];

/** Rate, and processor time of this process's main thread, of one way's turn. */
async function turnOf({ run }: Way, concurrency: number): Promise<{ perSecond: number; microseconds: number }> {
  const cpu = process.threadCpuUsage();
  const begunMs = performance.now();
  let left = STATEMENTS;
  const client = async (): Promise<void> => {
    while (left-- > 0) await run(any(popular), left);
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  const { user, system } = process.threadCpuUsage(cpu);
  return {
    perSecond: STATEMENTS / ((performance.now() - begunMs) / 1_000),
    microseconds: (user + system) / STATEMENTS,
  };
}

interface Cost {
  perSecond: Spread;
  microseconds: Spread;
  /** Of its baseline's rate, and of its processor time. */
  rateToBare?: Spread;
  timeToBare?: Spread;
}

async function costOfRouting(concurrency: number): Promise<Record<string, Cost>> {
  const turns = new Map(WAYS.map(({ name }) => [name, [] as Awaited<ReturnType<typeof turnOf>>[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of WAYS) {
      const turn = await turnOf(way, concurrency);
      if (round > 0) turns.get(way.name)!.push(turn); // before, it compiles and connects
    }
  }
  const of = (name: string, what: 'perSecond' | 'microseconds') => turns.get(name)!.map((turn) => turn[what]);
  return Object.fromEntries(
    WAYS.map(({ name, baseline }) => {
      const [perSecond, microseconds] = [of(name, 'perSecond'), of(name, 'microseconds')];
      const toBare = baseline && {
        rateToBare: ratioOf(perSecond, of(baseline, 'perSecond')),
        timeToBare: ratioOf(microseconds, of(baseline, 'microseconds')),
      };
      return [name, { perSecond: spreadOf(perSecond), microseconds: spreadOf(microseconds), ...toBare }];
    }),
  );
}

/** One API with a number of replicas, its turn. */
async function pages(url: string, tokens: readonly string[]) {
  const before = { selects: await Promise.all(pools.map(selectsOf)), usage: usageByName(new Map()) };
  const some = Array.from({ length: REQUESTS }, (_, index) => ({
    token: tokens[index % tokens.length]!,
    path: `/v1/users/${any(popular)}/followers?limit=${PAGE}`,
  }));
  const { latenciesMs, failed, seconds } = await load.run({
    url,
    method: 'GET',
    path: '/',
    tokens: some,
    concurrency: 32,
  });
  if (failed > 0) throw new Error(`${failed} requests failed`);
  const usage = usageByName(new Map());
  const selects = await Promise.all(pools.map(async (pool, index) => (await selectsOf(pool)) - before.selects[index]!));
  const all = selects.reduce((sum, count) => sum + count, 0);
  const used = (name: string): number => (usage.get(name)?.seconds ?? 0) - (before.usage.get(name)?.seconds ?? 0);
  const microseconds = (name: string): number => (used(name) / REQUESTS) * 1e6;
  return {
    perSecond: REQUESTS / seconds,
    p50: quantile(latenciesMs, 0.5),
    /** Of a request, of each server. */
    primaryMicroseconds: microseconds('mysql-primary'),
    replicaMicroseconds: microseconds('mysql-replica-1') + microseconds('mysql-replica-2'),
    shares: selects.map((count) => count / all),
  };
}

/** Writes and reads of the same user, at once: which statements of the read went where, and how long it took. */
async function ownWrites(api: Listening, writers: readonly string[]) {
  const method = 'FollowsRepository.followeesAfter';
  const count = (role: string) =>
    metric(api.url, new RegExp(`^mysql_statements_total\\{role="${role}",method="${method.replace('.', '\\.')}"`));
  const before = { primary: await count('primary'), replica: await count('replica') };
  const latenciesMs: number[] = [];
  let missed = 0;
  for (const id of writers) {
    const headers = { authorization: `Bearer ${tokenOf(id)}` };
    const followee = any(users).id;
    if (followee === id) continue;
    const write = await fetch(`${api.url}/v1/users/${followee}/follow`, { method: 'PUT', headers });
    if (!write.ok) throw new Error(`${write.status} ${await write.text()}`);
    const begunMs = performance.now();
    const read = await fetch(`${api.url}/v1/users/${id}/following?limit=100`, { headers });
    const page = (await read.json()) as { items: { id: string }[]; nextCursor: string | null };
    latenciesMs.push(performance.now() - begunMs);
    const last = page.items.at(-1)?.id; // in the order of ids, so a full page need not come as far as the followee
    const isOnPage = page.nextCursor === null || (last !== undefined && BigInt(followee) <= BigInt(last));
    if (isOnPage && !page.items.some((user) => user.id === followee)) missed++;
  }
  const [primary, replica] = [(await count('primary')) - before.primary, (await count('replica')) - before.replica];
  latenciesMs.sort((a, b) => a - b);
  return {
    onReplicas: replica / (primary + replica),
    statements: primary + replica,
    missed,
    p50: quantile(latenciesMs, 0.5),
    p99: quantile(latenciesMs, 0.99),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

try {
  const progress = startProgress(CONCURRENCIES.length + ROUNDS + 3);
  const routing: Record<string, Record<string, Cost>> = {};
  for (const concurrency of CONCURRENCIES) {
    progress.step(`a statement, ${concurrency} at a time`);
    routing[concurrency] = await costOfRouting(concurrency);
    for (const [name, { perSecond, microseconds, rateToBare, timeToBare }] of Object.entries(routing[concurrency])) {
      const ratio = rateToBare
        ? `; of the bare one's rate ${show(rateToBare)}, processor time × ${show(timeToBare!)}`
        : '';
      progress.say(`${name.padEnd(28)} ${show(perSecond)} /s, ${show(microseconds)} us${ratio}`);
    }
  }

  const replicas = env.MYSQL_REPLICAS!.split(',');
  const counts = [0, ...replicas.map((_, index) => index + 1)];
  const apis = new Map<number, Listening>();
  for (const count of counts) {
    const api = await startProcess('main', { ...env, MYSQL_REPLICAS: replicas.slice(0, count).join(',') });
    running.push(api);
    apis.set(count, api);
  }
  const tokens = users.slice(0, 1_000).map(({ id }) => tokenOf(id));
  const turns = new Map(counts.map((count) => [count, [] as (Awaited<ReturnType<typeof pages>> & { api: number })[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    progress.step(round === 0 ? 'followers, warming up' : `followers, round ${round}`);
    for (const [count, { child, url }] of apis) {
      const before = processorSeconds(child.pid!);
      const turn = await pages(url, tokens);
      const api = ((processorSeconds(child.pid!) - before) / REQUESTS) * 1e6;
      if (round > 0) turns.get(count)!.push({ ...turn, api });
    }
  }
  const byReplicas = Object.fromEntries(
    [...turns].map(([count, some]) => {
      const of = (what: 'perSecond' | 'p50' | 'primaryMicroseconds' | 'replicaMicroseconds' | 'api') =>
        some.map((turn) => turn[what]);
      const alone = turns.get(0)!;
      return [
        count,
        {
          perSecond: spreadOf(of('perSecond')),
          toPrimaryAlone: ratioOf(
            of('perSecond'),
            alone.map(({ perSecond }) => perSecond),
          ),
          p50: spreadOf(of('p50')),
          apiMicroseconds: spreadOf(of('api')),
          primaryMicroseconds: spreadOf(of('primaryMicroseconds')),
          replicaMicroseconds: spreadOf(of('replicaMicroseconds')),
          shares: Object.fromEntries(
            servers.map(({ name }, index) => [name, spreadOf(some.map(({ shares }) => shares[index]!))]),
          ),
        },
      ];
    }),
  );
  for (const [count, each] of Object.entries(byReplicas)) {
    const shares = Object.entries(each.shares).map(([name, share]) => `${name} ${percent(share.median)}`);
    progress.say(
      `${count} replicas: ${show(each.perSecond)} pages/s, of the primary's alone ${show(each.toPrimaryAlone)}; us a page: API ` +
        `${each.apiMicroseconds.median}, primary ${each.primaryMicroseconds.median}, replicas ${each.replicaMicroseconds.median}`,
    );
    progress.say(`  SELECTs: ${shares.join(', ')}`);
  }

  const api = apis.get(replicas.length)!;
  const writers = users.slice(1_000).map(({ id }) => id);
  progress.step('own writes');
  const quiet = await ownWrites(api, writers.slice(0, WRITERS));
  progress.step("own writes beside others'");
  const seconds = Math.ceil((WRITERS * 60) / 1_000);
  const writes = Array.from({ length: WRITES_PER_SECOND * seconds }, () => ({
    token: tokenOf(any(users).id),
    body: '{"content":"of others"}',
  }));
  const busyLoad = others.run({
    url: api.url,
    method: 'POST',
    path: '/v1/posts',
    tokens: writes,
    perSecond: WRITES_PER_SECOND,
  });
  const busy = await ownWrites(api, writers.slice(WRITERS, 2 * WRITERS));
  await busyLoad;
  progress.end();
  for (const [name, { onReplicas, missed, p50, p99 }] of Object.entries({ quiet, busy })) {
    console.log(
      `reads right after a write, ${name}: ${percent(onReplicas)} by replicas, ${missed} without it, p50 ${p50} ms, p99 ${p99} ms`,
    );
  }

  save('replica-routing', { about, poolSize: POOL_SIZE, routing, byReplicas, ownWrites: { quiet, busy } }, [
    {
      title: 'Rate of a statement : bare',
      unit: '×',
      bars: CONCURRENCIES.flatMap((concurrency) =>
        Object.entries(routing[concurrency]!)
          .filter(([, { rateToBare }]) => rateToBare)
          .map(([name, { rateToBare }]) => ({ label: `${name}, ${concurrency}`, value: rateToBare! })),
      ),
    },
    {
      title: 'Lists of followers a second, by replicas',
      unit: '/s',
      bars: Object.entries(byReplicas).map(([count, { perSecond }]) => ({ label: count, value: perSecond })),
    },
    {
      title: 'Processor time of the primary for a list, by replicas',
      unit: 'us',
      bars: Object.entries(byReplicas).map(([count, each]) => ({ label: count, value: each.primaryMicroseconds })),
    },
  ]);
} finally {
  await load.end();
  await others.end();
  for (const { child } of running) await stop(child);
  await app.close();
  for (const pool of pools) await pool.end();
  await schema.drop();
}
