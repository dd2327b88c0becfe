// 90 % feed pages, 6 % likes, 2 % comments and 2 % posts by users of a graph, the busiest of them far busier than the others, at a rate that
// rises until the machine does not follow: where that is, and which process has used what by then.
import { readFileSync } from 'node:fs';
import { configOf, processorSeconds, startProcess, startWorker, stop } from './lib/application.ts';
import { insertRows } from './lib/feed-world.ts';
import { quantile, save } from './lib/figures.ts';
import { makeFollows, zipf } from './lib/graph.ts';
import { startLoad, type OwnRequest } from './lib/http-load.ts';
import { startProgress } from './lib/progress.ts';
import { built, createSchema, createUsers } from './lib/schema.ts';
import { residentBytes, processesWithEnvironment } from '../stack/lib/proc.ts';
import { INSTANCE_VARIABLE } from '../stack/lib/sweep.ts';

const USERS = 10_000;
const POSTS_EACH = 3;
/** The next rate is that much higher. */
const STEP = 1.5;
const FIRST_PER_SECOND = 50;
const MOST_PER_SECOND = 5_000;
const SECONDS = 20;
/** Beyond the knee waiting grows without end. */
const KNEE_P99_MS = 250;

const schema = await createSchema({});
const { pool, env } = schema;
const api = await startProcess('main', env);
const worker = await startWorker(env);
const load = startLoad();

/** Seconds of processor time so far, by kind of process. */
function usage(): Map<string, { seconds: number; bytes: number }> {
  const used = new Map<string, { seconds: number; bytes: number }>();
  const kinds = new Map([
    [api.child.pid, 'api'],
    [worker.child.pid, 'worker'],
    [process.pid, 'load'],
  ]);
  for (const pid of [process.pid, ...processesWithEnvironment(INSTANCE_VARIABLE, process.env[INSTANCE_VARIABLE]!)]) {
    const name = kinds.get(pid) ?? readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    const sum = used.get(name) ?? { seconds: 0, bytes: 0 };
    used.set(name, { seconds: sum.seconds + processorSeconds(pid), bytes: sum.bytes + residentBytes(pid) });
  }
  return used;
}

try {
  const users = await createUsers(pool, USERS);
  const now = new Date();
  const follows = [...makeFollows(USERS)].map(([follower, followee]) => [users[follower], users[followee], now]);
  await insertRows(pool, 'follows (follower_id, followee_id, created_at)', follows);
  const posts = Array.from({ length: USERS * POSTS_EACH }, (_, index) => [users[index % USERS], 'x'.repeat(200), now]);
  await insertRows(pool, 'posts (author_id, content, created_at)', posts);
  const [rows] = await pool.query('SELECT id FROM posts ORDER BY id');
  const postIds = (rows as { id: string }[]).map(({ id }) => id);
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = new AccessTokens(await configOf(env));
  const tokens = users.map((userId) => issuer.issue({ userId, sessionId: 'bench' }) as string);
  const [whichUser, whichPost] = [zipf(USERS), zipf(postIds.length)];

  const request = (): OwnRequest => {
    const token = tokens[whichUser()]!;
    const kind = Math.random();
    if (kind < 0.9) return { token };
    const post = postIds[postIds.length - 1 - whichPost()]!; // the newest are the most popular
    if (kind < 0.96) return { token, method: 'PUT', path: `/v1/posts/${post}/like` };
    const body = JSON.stringify({ content: 'x'.repeat(100) });
    if (kind < 0.98) return { token, method: 'POST', path: `/v1/posts/${post}/comments`, body };
    return { token, method: 'POST', path: '/v1/posts', body };
  };
  const run = (perSecond: number, seconds: number) => {
    const some = Array.from({ length: Math.floor(perSecond * seconds) }, request);
    return load.run({ url: api.url, method: 'GET', path: '/v1/feed', tokens: some, perSecond });
  };
  await run(FIRST_PER_SECOND, SECONDS);

  const steps: {
    perSecond: number;
    p50: number;
    p99: number;
    failed: number;
    processes: Record<string, { cores: number; megabytes: number }>;
  }[] = [];
  const progress = startProgress(Math.ceil(Math.log(MOST_PER_SECOND / FIRST_PER_SECOND) / Math.log(STEP)));
  for (let perSecond = FIRST_PER_SECOND; perSecond < MOST_PER_SECOND; perSecond = Math.round(perSecond * STEP)) {
    progress.step(`${perSecond} requests/s`);
    const before = usage();
    const { latenciesMs, failed, seconds } = await run(perSecond, SECONDS);
    const processes = Object.fromEntries(
      [...usage()].map(([name, { seconds: after, bytes }]) => [
        name,
        {
          cores: Number(((after - (before.get(name)?.seconds ?? 0)) / seconds).toFixed(3)),
          megabytes: Math.round(bytes / 1e6),
        },
      ]),
    );
    const step = { perSecond, p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99), failed, processes };
    steps.push(step);
    const cores = Object.entries(processes).map(([name, each]) => `${name} ${each.cores}`);
    progress.say(
      `${perSecond}/s: p50 ${step.p50} ms, p99 ${step.p99} ms, ${failed} failed; cores: ${cores.join(', ')}`,
    );
    if (step.p99 > KNEE_P99_MS) break;
  }
  progress.end();
  const knee = steps.findLast(({ p99 }) => p99 <= KNEE_P99_MS) ?? steps[0]!;
  console.log(`The knee: ${knee.perSecond} requests/s with p99 ${knee.p99} ms`);
  save('mixed', { users: USERS, seconds: SECONDS, kneeP99Ms: KNEE_P99_MS, steps, knee }, [
    {
      title: 'p99 by rate',
      unit: 'ms',
      bars: steps.map(({ perSecond, p99 }) => ({ label: `${perSecond}/s`, value: p99 })),
      target: KNEE_P99_MS,
      logarithmic: true,
    },
    {
      title: `Processor time at ${knee.perSecond} requests/s`,
      unit: 'cores',
      bars: Object.entries(knee.processes).map(([label, { cores }]) => ({ label, value: cores })),
    },
  ]);
} finally {
  await load.end();
  await stop(api.child);
  await stop(worker.child);
  await schema.drop();
}
