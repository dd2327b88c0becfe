// 90 % feed pages, 6 % likes, 2 % comments and 2 % posts by users of the loaded graph, the busiest of them far busier than the others, at a
// rate that rises until the machine does not follow: where that is, and which process has used what by then.
//
// npm run bench -- mixed [--graph=FILE]
import { setTimeout as delay } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { configOf, startProcess, startWorker, stop } from './lib/application.ts';
import { chance } from './lib/chance.ts';
import { quantile, save, show, spreadOf } from './lib/figures.ts';
import { zipf } from './lib/graph.ts';
import { startLoad, type OwnRequest } from './lib/http-load.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import type { Spread } from './lib/results.ts';
import { built, createSchema } from './lib/schema.ts';
import { untilSettled } from './lib/settled.ts';
import { sharesSince, usageByName, type Share } from './lib/usage.ts';
import { createPosts, loadGraph } from './lib/world.ts';

const POSTS_EACH = 3;
/** Each rate is 1.25 or so times the one before. */
const RATES = scaled([50, 100, 150, 200, 250, 300, 375, 450, 550, 675, 825, 1_000, 1_250, 1_500, 2_000], [20, 40]);
const SECONDS = scaled(20, 3);
const ROUNDS = roundsOr(3);
/** Users, the busiest first, who have a feed before it begins: nine in ten requests are theirs, and the others' feeds are built. */
const WITH_FEED = scaled(30_000, 200);
/** Beyond the knee waiting grows without end. */
const KNEE_P99_MS = 250;
/** A worker that keeps up has that much left to do when a rate ends: what came within a second, and a few more by chance. */
const KNEE_WAITING_SECONDS = 1;
const KNEE_WAITING_BY_CHANCE = 5;
const SHARE = { feed: 0.9, like: 0.06, comment: 0.02, post: 0.02 };

interface Step {
  perSecond: number;
  p50: number;
  p99: number;
  failed: number;
  /** Jobs of the outbox when the last request was answered. */
  waiting: number;
  processes: Record<string, Share>;
}

const schema = await createSchema({});
const { pool, env } = schema;
const { about, users } = await loadGraph(schema);
await createPosts(
  pool,
  users.map(({ id }) => id),
  POSTS_EACH,
);
await untilSettled(schema);
const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM posts ORDER BY id DESC');
const api = await startProcess('main', env);
const worker = await startWorker(env);
const load = startLoad();
const own = new Map([
  [api.child.pid!, 'api'],
  [worker.child.pid!, 'worker'],
  [process.pid, 'load'],
]);

async function waitingJobs(): Promise<number> {
  const [[row]] = await pool.query<RowDataPacket[]>(
    "SELECT COUNT(*) AS jobs FROM outbox_events WHERE state = 'pending'",
  );
  return Number(row!.jobs);
}

async function untilDelivered(): Promise<void> {
  while ((await waitingJobs()) > 0) await delay(100);
}

const { AccessTokens } = await built('modules/auth/access-tokens');
const issuer = new AccessTokens(await configOf(env));
// The most followed are the busiest: their posts are what costs most.
const tokens = users.map(({ id }) => issuer.issue({ userId: id, sessionId: 'bench' }) as string);
const { share } = chance(3);
const [whichUser, whichPost] = [zipf(users.length, share), zipf(rows.length, share)];
const body = JSON.stringify({ content: 'x'.repeat(100) });

function request(): OwnRequest {
  const token = tokens[whichUser()]!;
  const kind = share();
  if (kind < SHARE.feed) return { token };
  const post = rows[whichPost()]!.id as string; // the newest are the most popular
  if (kind < SHARE.feed + SHARE.like) return { token, method: 'PUT', path: `/v1/posts/${post}/like` };
  if (kind < 1 - SHARE.post) return { token, method: 'POST', path: `/v1/posts/${post}/comments`, body };
  return { token, method: 'POST', path: '/v1/posts', body };
}

const get = { url: api.url, method: 'GET', path: '/v1/feed' };

async function run(perSecond: number): Promise<Step> {
  const requests = Array.from({ length: Math.floor(perSecond * SECONDS) }, request);
  const before = usageByName(own);
  const { latenciesMs, failed, seconds } = await load.run({ ...get, tokens: requests, perSecond });
  const processes = sharesSince(before, usageByName(own), seconds);
  const waiting = await waitingJobs();
  await untilDelivered();
  return { perSecond, p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99), failed, waiting, processes };
}

const keepsUp = ({ p99, failed, waiting, perSecond }: Step): boolean =>
  p99 <= KNEE_P99_MS &&
  failed === 0 &&
  waiting <= perSecond * SHARE.post * KNEE_WAITING_SECONDS + KNEE_WAITING_BY_CHANCE;

/** Of the processes whose names begin alike. */
function sum(processes: Record<string, Share>, start: string): Share {
  const some = Object.entries(processes).filter(([name]) => name.startsWith(start));
  const of = (what: keyof Share): number => some.reduce((total, [, each]) => total + each[what], 0);
  return { cores: Number(of('cores').toFixed(3)), megabytes: of('megabytes') };
}

const GROUPS = ['api', 'worker', 'mysql-primary', 'mysql-replica', 'redis', 'load'];

try {
  const progress = startProgress(2 + ROUNDS * RATES.length);
  progress.step('feeds are built');
  await load.run({ ...get, tokens: tokens.slice(0, WITH_FEED), concurrency: 8 });
  await run(RATES[0]!);

  progress.step('nothing is asked');
  const idleBefore = usageByName(own);
  await delay(SECONDS * 1_000);
  const idle = sharesSince(idleBefore, usageByName(own), SECONDS);

  const steps: Step[] = [];
  const knees: Step[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    let knee: Step | undefined;
    for (const perSecond of RATES) {
      progress.step(`round ${round}, ${perSecond} requests/s`);
      const step = await run(perSecond);
      steps.push(step);
      const cores = GROUPS.map((name) => `${name} ${sum(step.processes, name).cores}`).join(', ');
      const { p50, p99, failed, waiting } = step;
      progress.say(
        `${perSecond}/s: p50 ${p50} ms, p99 ${p99} ms, ${failed} failed, ${waiting} jobs left; cores: ${cores}`,
      );
      if (!keepsUp(step)) break;
      knee = step;
    }
    if (knee) knees.push(knee);
  }
  progress.end();
  if (knees.length === 0) throw new Error(`not even ${RATES[0]} requests/s were answered within ${KNEE_P99_MS} ms`);

  const at = (rate: number): Step[] => steps.filter(({ perSecond }) => perSecond === rate);
  const byRate: Record<string, { p50: Spread; p99: Spread; waiting: Spread }> = {};
  for (const rate of new Set(steps.map(({ perSecond }) => perSecond))) {
    const of = (what: 'p50' | 'p99' | 'waiting'): Spread => spreadOf(at(rate).map((step) => step[what]));
    byRate[rate] = { p50: of('p50'), p99: of('p99'), waiting: of('waiting') };
  }
  const knee = spreadOf(knees.map(({ perSecond }) => perSecond));
  // Processes are told of a rate that every round has reached.
  const common = Math.min(...knees.map(({ perSecond }) => perSecond));
  const names = Object.keys(knees[0]!.processes);
  const processes = Object.fromEntries(
    names.map((name) => {
      const of = (what: keyof Share): Spread => spreadOf(at(common).map((step) => step.processes[name]![what]));
      return [name, { cores: of('cores'), megabytes: of('megabytes') }];
    }),
  );
  console.log(`The knee: ${show(knee)} requests/s (p99 up to ${KNEE_P99_MS} ms, and deliveries keep up)`);
  console.log(`\n| at ${common} requests/s | cores | idle | MB |\n| --- | ---: | ---: | ---: |`);
  for (const [name, { cores, megabytes }] of Object.entries(processes)) {
    console.log(`| ${name} | ${show(cores)} | ${idle[name]!.cores} | ${megabytes.median} |`);
  }
  save(
    'mixed',
    {
      about,
      postsEach: POSTS_EACH,
      seconds: SECONDS,
      kneeP99Ms: KNEE_P99_MS,
      knee,
      byRate,
      common,
      processes,
      idle,
      steps,
    },
    [
      {
        title: 'p99 by rate',
        unit: 'ms',
        bars: Object.entries(byRate).map(([rate, { p99 }]) => ({ label: `${rate}/s`, value: p99 })),
        target: KNEE_P99_MS,
        logarithmic: true,
      },
      {
        title: `Processor time at ${common} requests/s`,
        unit: 'cores',
        bars: Object.entries(processes).map(([label, { cores }]) => ({ label, value: cores })),
      },
      {
        title: `Resident memory at ${common} requests/s`,
        unit: 'MB',
        bars: Object.entries(processes).map(([label, { megabytes }]) => ({ label, value: megabytes })),
      },
    ],
  );
} finally {
  await load.end();
  await stop(api.child);
  await stop(worker.child);
  await schema.drop();
}
