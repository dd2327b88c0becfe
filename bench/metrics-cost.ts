// What metrics cost: processor time of the API for a page of a feed, with them and without, by turns; beside it that of a second API
// with them, which tells how much two processes that do the same differ. And what a scrape costs.
import { readFileSync } from 'node:fs';
import { configOf, startProcess, stop } from './lib/application.ts';
import { save, show, spreadOf } from './lib/figures.ts';
import { startLoad } from './lib/http-load.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import { built, createSchema, createUsers } from './lib/schema.ts';

const ROUNDS = roundsOr(15);
const PER_ROUND = scaled(2_000, 200);
const CONCURRENCY = 8;
const READERS = scaled(500, 50);
const AUTHORS = 20;
/** Posts in each reader's feed; a page shows 20. */
const POSTS = 200;
const SCRAPES = 50;
const SCRAPE_INTERVAL_SECONDS = 15;
/** Linux tells processor time in these. */
const TICKS_PER_SECOND = 100;

const schema = await createSchema({});
const { pool, env } = schema;
const { AccessTokens } = await built('modules/auth/access-tokens');
const issuer = new AccessTokens(await configOf(env));
const withoutMetrics = `--import ${new URL('lib/without-metrics.mjs', import.meta.url).href}`;
const apis = {
  with: await startProcess('main', env),
  without: await startProcess('main', { ...env, NODE_OPTIONS: withoutMetrics }),
  withToo: await startProcess('main', env),
};
type Name = keyof typeof apis;
const load = startLoad();

/** Processor time of a process until now, all its threads, in microseconds. */
function cpuMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}

/** Processor time of an API for a request, in microseconds. */
async function perRequest({ child, url }: (typeof apis)[Name], tokens: string[]): Promise<number> {
  const before = cpuMicroseconds(child.pid!);
  const result = await load.run({ url, method: 'GET', path: '/v1/feed', tokens, concurrency: CONCURRENCY });
  if (result.failed > 0) throw new Error(`${result.failed} requests failed`);
  return (cpuMicroseconds(child.pid!) - before) / tokens.length;
}

/** Processor time of a scrape, in microseconds. */
async function perScrape({ child, url }: (typeof apis)[Name]): Promise<number> {
  const before = cpuMicroseconds(child.pid!);
  for (let i = 0; i < SCRAPES; i++) await (await fetch(`${url}/metrics`)).text();
  return (cpuMicroseconds(child.pid!) - before) / SCRAPES;
}

try {
  const users = await createUsers(pool, READERS + AUTHORS);
  const authors = users.slice(0, AUTHORS);
  const readers = users.slice(AUTHORS);
  const now = new Date();
  for (const author of authors) {
    await pool.query('INSERT INTO follows (followee_id, follower_id, created_at) VALUES ?', [
      readers.map((reader) => [author, reader, now]),
    ]);
  }
  await pool.query('INSERT INTO posts (author_id, content, created_at) VALUES ?', [
    Array.from({ length: POSTS }, (_, index) => [authors[index % AUTHORS], 'x'.repeat(200), now]),
  ]);
  const tokensOf = readers.map((userId) => issuer.issue({ userId, sessionId: 'bench' }) as string);
  const tokens = Array.from({ length: PER_ROUND }, (_, index) => tokensOf[index % READERS]!);

  const micros: Record<Name, number[]> = { with: [], without: [], withToo: [] };
  const progress = startProgress(ROUNDS + 1);
  for (let round = -1; round < ROUNDS; round++) {
    progress.step(round < 0 ? 'warming up' : `round ${round + 1}`);
    const order: Name[] = round % 2 === 0 ? ['with', 'without', 'withToo'] : ['withToo', 'without', 'with'];
    for (const name of order) {
      const cost = await perRequest(apis[name], tokens);
      if (round >= 0) micros[name].push(cost); // the first round builds feeds, compiles, connects, fills caches
    }
  }
  progress.end();
  const scrapeMicros = await perScrape(apis.with);
  const ratioOf = (some: number[], others: number[]) => spreadOf(some.map((value, index) => value / others[index]!));
  const results = {
    rounds: ROUNDS,
    perRound: PER_ROUND,
    withMicroseconds: spreadOf(micros.with),
    withoutMicroseconds: spreadOf(micros.without),
    withToWithout: ratioOf(micros.with, micros.without),
    otherWithToWithout: ratioOf(micros.withToo, micros.without),
    sameToSame: ratioOf(micros.with, micros.withToo),
    scrapeMicroseconds: Math.round(scrapeMicros),
    scrapesShareOfAProcessor: scrapeMicros / 1e6 / SCRAPE_INTERVAL_SECONDS,
  };
  save('metrics-cost', results, [
    {
      title: 'Processor time of GET /v1/feed with metrics : without',
      unit: '×',
      bars: [
        { label: 'with : without', value: results.withToWithout },
        { label: 'with : with, the noise', value: results.sameToSame },
      ],
      target: 1.05,
    },
  ]);
  console.log(`GET /v1/feed with metrics  ${show(results.withMicroseconds)} us of processor time`);
  console.log(`             without       ${show(results.withoutMicroseconds)} us`);
  console.log(`with : without             ${show(results.withToWithout)}  (target 1.05)`);
  console.log(`a second one : without     ${show(results.otherWithToWithout)}`);
  console.log(`with : with, two processes ${show(results.sameToSame)}  (noise)`);
  console.log(
    `a scrape                   ${results.scrapeMicroseconds} us; every ${SCRAPE_INTERVAL_SECONDS} s: ${(100 * results.scrapesShareOfAProcessor).toFixed(3)} % of a processor`,
  );
} finally {
  await load.end();
  await Promise.all(Object.values(apis).map(({ child }) => stop(child)));
  await schema.drop();
}
