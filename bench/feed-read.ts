// GET /v1/feed, a page of 20 posts, beside two bare Fastify servers: one that makes the same Redis calls, and one that makes none. Each is
// a process of its own, and gets its turn in every round: at saturation for feeds of several sizes, at fixed rates, and by
// several processes of the API. Readers are users of the loaded graph.
//
// npm run bench -- feed-read [--graph=FILE] [--profile]: with --profile, only a load for Node's profiler, whose file is in bench/results.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  configOf,
  metric,
  processorSeconds,
  startApi,
  startProcess,
  startProgram,
  stop,
  type Listening,
} from './lib/application.ts';
import { createFeedWorld, FEED_SIZES } from './lib/feed-world.ts';
import { quantile, ratioOf, save, show, spreadOf } from './lib/figures.ts';
import { startLoad, type Load } from './lib/http-load.ts';
import { options, roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import { recordCalls, type RecordedCalls } from './lib/recorded-calls.ts';
import { resultsDirectory, type Spread } from './lib/results.ts';
import { built, createSchema } from './lib/schema.ts';

const READERS = scaled(250, 20);
const SECONDS = scaled(4, 1);
const ROUNDS = roundsOr(5);
/** Of the sizes that no target is about. */
const OTHER_ROUNDS = Math.min(3, ROUNDS);
/** Enough to saturate: more would only wait. */
const CONCURRENCY = 32;
/** The size that ratios are of. */
const USUAL = 400;
const RATES = [100, 250, 500];
/** At the highest rate, in milliseconds. */
const TARGET = { p50: 10, p99: 30 };
const RATE_SECONDS = scaled(10, 2);
const RATE_ROUNDS = Math.min(3, ROUNDS);
const PROCESSES = [1, 2, 4];
const PATH = '/v1/feed';
const NAMES = ['api', 'calls', 'static'] as const;

type Name = (typeof NAMES)[number];

const schema = await createSchema({});
const { env } = schema;
const files = mkdtempSync(join(tmpdir(), 'sns-bench-'));
const load = startLoad();
const running: Listening[] = [];
const started = async (starting: Promise<Listening>): Promise<Listening> => {
  const listening = await starting;
  running.push(listening);
  return listening;
};

/** What one turn of a server comes to. */
interface Turn {
  perSecond: number;
  p50: number;
  p99: number;
  /** Processor time of its process, a request. */
  microseconds: number;
}

async function turn({ child, url }: Listening, tokens: string[], how: Partial<Load>): Promise<Turn> {
  const before = processorSeconds(child.pid!);
  const result = await load.run({ url, method: 'GET', path: PATH, tokens, ...how });
  if (result.failed > 0) throw new Error(`${result.failed} requests failed`);
  const { latenciesMs, seconds } = result;
  return {
    perSecond: latenciesMs.length / seconds,
    p50: quantile(latenciesMs, 0.5),
    p99: quantile(latenciesMs, 0.99),
    microseconds: ((processorSeconds(child.pid!) - before) / latenciesMs.length) * 1e6,
  };
}

const summary = (turns: readonly Turn[]): Record<keyof Turn, Spread> => ({
  perSecond: spreadOf(turns.map(({ perSecond }) => perSecond)),
  p50: spreadOf(turns.map(({ p50 }) => p50)),
  p99: spreadOf(turns.map(({ p99 }) => p99)),
  microseconds: spreadOf(turns.map(({ microseconds }) => microseconds)),
});

/** Rounds in which each server has its turn. */
async function compare(servers: Record<Name, Listening>, tokens: string[], rounds: number, how: Partial<Load>) {
  const turns: Record<Name, Turn[]> = { api: [], calls: [], static: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of NAMES) turns[name].push(await turn(servers[name], tokens, how));
  }
  const rates = (name: Name): number[] => turns[name].map(({ perSecond }) => perSecond);
  return {
    api: summary(turns.api),
    calls: summary(turns.calls),
    static: summary(turns.static),
    toCalls: ratioOf(rates('api'), rates('calls')),
    toStatic: ratioOf(rates('api'), rates('static')),
  };
}

/** Of one request: round trips one after the other, pipelines, and commands, before the answer and after it. */
function costOf(calls: readonly RecordedCalls[]) {
  const count = (part: { commands: unknown[] }[]): number =>
    part.reduce((sum, { commands }) => sum + commands.length, 0);
  return {
    roundTrips: spreadOf(calls.map(({ stages }) => stages.length)),
    pipelines: spreadOf(calls.map(({ stages }) => stages.flat().length)),
    commands: spreadOf(calls.map(({ stages }) => count(stages.flat()))),
    commandsAfterwards: spreadOf(calls.map(({ afterwards }) => count(afterwards))),
    bodyBytes: spreadOf(calls.map(({ body }) => Buffer.byteLength(body))),
  };
}

const statements = (url: string): Promise<number> => metric(url, /^mysql_statements_total\{/);

try {
  const { about, readers: bySize } = await createFeedWorld(schema, READERS);
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = new AccessTokens(await configOf(env));
  const tokenOf = (userId: string): string => issuer.issue({ userId, sessionId: 'bench' });
  const tokens = new Map([...bySize].map(([size, readers]) => [size, readers.map(tokenOf)]));
  const usual = tokens.get(USUAL)!;

  const saturate = { concurrency: CONCURRENCY, seconds: SECONDS };
  if (options.profile) {
    const api = await started(startProcess('main', env, ['--cpu-prof', `--cpu-prof-dir=${resultsDirectory}`]));
    await turn(api, usual, { concurrency: 4 });
    const profiled = await turn(api, usual, { concurrency: 4, seconds: 20 });
    console.log(`${Math.round(profiled.perSecond)} requests/s, ${Math.round(profiled.microseconds)} us each`);
  } else {
    const api = await started(startProcess('main', env));
    // Everybody has a feed, and has seen what is on its first page.
    for (const each of tokens.values()) await turn(api, each, { concurrency: 8 });
    const recorder = await startApi(env);
    const calls = new Map<number, RecordedCalls[]>();
    for (const [size, readers] of bySize) {
      const known = readers.map((id, index) => ({ id, token: tokens.get(size)![index]! }));
      await recordCalls(recorder, PATH, known); // marks what was new as viewed
      calls.set(size, await recordCalls(recorder, PATH, known));
    }
    await recorder.app.close();
    const file = join(files, 'calls.json');
    writeFileSync(file, JSON.stringify([...calls.values()].flat()));
    const servers = {
      api,
      calls: await started(startProgram('bare-server', ['calls', file], env)),
      static: await started(startProgram('bare-server', ['static', file], env)),
    };

    const progress = startProgress(2 + FEED_SIZES.length + RATES.length + PROCESSES.length);
    progress.step('warming up');
    for (const name of NAMES) await turn(servers[name], usual, saturate);
    const cost: Record<string, ReturnType<typeof costOf>> = {};
    progress.step('statements');
    const statementsBefore = await statements(api.url);
    await turn(api, usual, {});
    const statementsEach = ((await statements(api.url)) - statementsBefore) / usual.length;

    const saturation: Record<string, Awaited<ReturnType<typeof compare>>> = {};
    for (const size of FEED_SIZES) {
      progress.step(`feeds of ${size} entries`);
      const result = await compare(servers, tokens.get(size)!, size === USUAL ? ROUNDS : OTHER_ROUNDS, saturate);
      saturation[size] = result;
      cost[size] = costOf(calls.get(size)!);
      const rates = NAMES.map((name) => `${name} ${show(result[name].perSecond)}/s`).join(', ');
      progress.say(`feeds of ${size}: ${rates}`);
      progress.say(`  : same calls ${show(result.toCalls)}; : static ${show(result.toStatic)}`);
      const times = NAMES.map((name) => `${name} ${show(result[name].microseconds)}`).join(', ');
      progress.say(`  us of processor time a request: ${times}`);
      const { roundTrips, pipelines, commands, commandsAfterwards, bodyBytes } = cost[size];
      progress.say(
        `  Redis: ${commands.median} commands in ${pipelines.median} pipelines, ${roundTrips.median} round trips;`,
      );
      progress.say(`  ${commandsAfterwards.median} commands afterwards; an answer of ${bodyBytes.median} bytes`);
    }

    const atRates: Record<string, { p50: Spread; p99: Spread }> = {};
    for (const perSecond of RATES) {
      progress.step(`${perSecond} requests/s`);
      const turns: Turn[] = [];
      for (let round = 0; round < RATE_ROUNDS; round++) {
        turns.push(await turn(api, usual, { perSecond, seconds: RATE_SECONDS }));
      }
      const { p50, p99 } = summary(turns);
      atRates[perSecond] = { p50, p99 };
      const aim = perSecond === Math.max(...RATES) ? `  (targets ${TARGET.p50} and ${TARGET.p99})` : '';
      progress.say(`${perSecond} requests/s: p50 ${show(p50)} ms, p99 ${show(p99)} ms${aim}`);
    }

    const byProcesses: Record<string, Pick<ReturnType<typeof summary>, 'perSecond' | 'p50' | 'p99'>> = {};
    const apis = [api];
    for (const count of PROCESSES) {
      progress.step(`${count} processes`);
      while (apis.length < count) apis.push(await started(startProcess('main', env)));
      const turns: Turn[] = [];
      for (let round = 0; round <= RATE_ROUNDS; round++) {
        const one = await turn(api, usual, { ...saturate, url: apis.map(({ url }) => url) });
        if (round > 0) turns.push(one); // before, the new ones compile
      }
      const { perSecond, p50, p99 } = summary(turns);
      byProcesses[count] = { perSecond, p50, p99 };
      progress.say(`${count} processes: ${show(perSecond)} requests/s, p50 ${show(p50)} ms, p99 ${show(p99)} ms`);
    }
    progress.end();

    const chart = (of: 'toCalls' | 'toStatic') =>
      FEED_SIZES.map((size) => ({ label: `${size} entries`, value: saturation[size]![of] }));
    save(
      'feed-read',
      { about, concurrency: CONCURRENCY, readers: READERS, statementsEach, cost, saturation, atRates, byProcesses },
      [
        { title: 'GET /v1/feed : same Redis calls', unit: '×', bars: chart('toCalls'), target: 0.6 },
        { title: 'GET /v1/feed : static bytes', unit: '×', bars: chart('toStatic'), target: 0.08 },
        {
          title: `Requests/s at saturation, feeds of ${USUAL}`,
          unit: '/s',
          bars: NAMES.map((name) => ({ label: name, value: saturation[USUAL]![name].perSecond })),
          logarithmic: true,
        },
        {
          title: 'Requests/s by processes of the API',
          unit: '/s',
          bars: PROCESSES.map((count) => ({ label: String(count), value: byProcesses[count]!.perSecond })),
        },
        {
          title: 'p50 at fixed rates',
          unit: 'ms',
          bars: RATES.map((rate) => ({ label: `${rate}/s`, value: atRates[rate]!.p50 })),
          target: TARGET.p50,
        },
        {
          title: 'p99 at fixed rates',
          unit: 'ms',
          bars: RATES.map((rate) => ({ label: `${rate}/s`, value: atRates[rate]!.p99 })),
          target: TARGET.p99,
        },
      ],
    );
  }
} finally {
  await load.end();
  await Promise.all(running.map(({ child }) => stop(child)));
  rmSync(files, { recursive: true });
  await schema.drop();
}
