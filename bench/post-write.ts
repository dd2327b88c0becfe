// POST /v1/posts by many authors, 32 at a time, beside bare single-row commits through the same pool, by turns.
import { metric, startApi } from './lib/application.ts';
import { bareCommits } from './lib/commits.ts';
import { quantile, ratioOf, save, show, spreadOf } from './lib/figures.ts';
import { startLoad } from './lib/http-load.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import { built, createSchema, createUsers } from './lib/schema.ts';

const CONCURRENCY = 32;
const ROUNDS = roundsOr(7);
const PER_ROUND = scaled(1_000, 100);
const AUTHORS = scaled(500, 50);

const schema = await createSchema({});
const { app, url } = await startApi(schema.env);
const load = startLoad();
try {
  const authors = await createUsers(schema.pool, AUTHORS);
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = app.get(AccessTokens, { strict: false });
  const tokens = authors.map((userId) => issuer.issue({ userId, sessionId: 'bench' }) as string);
  const commits = await bareCommits(app, schema.pool, CONCURRENCY);
  const body = JSON.stringify({ content: 'x'.repeat(200) });
  const work = Array.from({ length: PER_ROUND }, (_, index) => tokens[index % AUTHORS]!);
  const bare: number[] = [];
  const posts: number[] = [];
  const cpu = { bare: [] as number[], posts: [] as number[] };
  const latenciesMs: number[] = [];
  const perRequest = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / PER_ROUND;
  const progress = startProgress(ROUNDS + 1);
  let statements = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    progress.step(round === 0 ? 'warming up' : `round ${round}`);
    const bareCpu = process.threadCpuUsage();
    const commitRate = await commits.rate(PER_ROUND, true);
    const bareUsed = perRequest(process.threadCpuUsage(bareCpu));
    const before = await metric(url, /^mysql_statements_total\{/);
    const postCpu = process.threadCpuUsage();
    const result = await load.run({
      url,
      method: 'POST',
      path: '/v1/posts',
      tokens: work,
      body,
      concurrency: CONCURRENCY,
    });
    const postUsed = perRequest(process.threadCpuUsage(postCpu));
    if (result.failed > 0) throw new Error(`${result.failed} posts failed`);
    statements = ((await metric(url, /^mysql_statements_total\{/)) - before) / PER_ROUND;
    if (round === 0) continue;
    bare.push(commitRate);
    posts.push(PER_ROUND / result.seconds);
    cpu.bare.push(bareUsed);
    cpu.posts.push(postUsed);
    latenciesMs.push(...result.latenciesMs);
  }
  progress.end();
  latenciesMs.sort((a, b) => a - b);
  const ratio = ratioOf(posts, bare);
  const results = {
    concurrency: CONCURRENCY,
    perRound: PER_ROUND,
    insertAndCommitPerSecond: spreadOf(bare),
    postsPerSecond: spreadOf(posts),
    postToInsertAndCommit: ratio,
    statementsEach: statements,
    insertAndCommitCpuMicroseconds: spreadOf(cpu.bare),
    postCpuMicroseconds: spreadOf(cpu.posts),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
  console.log(`INSERT + COMMIT          ${show(results.insertAndCommitPerSecond)} /s`);
  console.log(
    `POST /v1/posts           ${show(results.postsPerSecond)} /s, p50 ${results.p50Ms} ms, p99 ${results.p99Ms} ms`,
  );
  console.log(`post : INSERT + COMMIT   ${show(ratio)}  (target 0.5); ${statements.toFixed(1)} statements each`);
  console.log(
    `processor time           ${show(results.postCpuMicroseconds)} us; INSERT + COMMIT: ${show(results.insertAndCommitCpuMicroseconds)} us`,
  );
  save('post-write', results, [
    { title: 'POST /v1/posts : INSERT + COMMIT', unit: '×', bars: [{ label: 'post', value: ratio }], target: 0.5 },
    {
      title: 'Writes a second',
      unit: '/s',
      bars: [
        { label: 'INSERT + COMMIT', value: results.insertAndCommitPerSecond },
        { label: 'post', value: results.postsPerSecond },
      ],
    },
  ]);
} finally {
  await load.end();
  await app.close();
  await schema.drop();
}
