// PUT like on one hot post by many users, 32 at a time, beside bare single-row commits through the same pool, by turns.
// How the rate holds as the post gets more likes, how many updates of its count MySQL sees for 1,000 likes, and likes of many posts.
import { metric, startApi, startWorker, stop } from './lib/application.ts';
import { bareCommits } from './lib/commits.ts';
import { quantile, save, show, spreadOf } from './lib/figures.ts';
import { startLoad, type Result } from './lib/http-load.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import { built, createSchema, createUsers, insertRows } from './lib/schema.ts';

const CONCURRENCY = 32;
const ROUNDS = roundsOr(7);
const PER_ROUND = scaled(2_000, 100);
/** Likes that the popular post has before it is measured. */
const MANY_LIKES = scaled(200_000, 2_000);
/** Posts that are liked instead of one. */
const MANY_POSTS = 1_000;

const schema = await createSchema({});
const { pool, env } = schema;
const { app, url } = await startApi(env);
const worker = await startWorker(env);
const load = startLoad();
try {
  const commits = await bareCommits(app, pool, CONCURRENCY);
  const users = await createUsers(pool, PER_ROUND * (ROUNDS + 1));
  const [freshPost, popularPost, anotherPost, ...manyPosts] = await createPosts(users[0]!);
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = app.get(AccessTokens, { strict: false });
  const tokens = users.map((userId: string) => issuer.issue({ userId, sessionId: 'bench' }) as string);

  const rates: Record<'transaction' | 'autocommit' | 'like' | 'popular' | 'repeat' | 'one' | 'many', number[]> = {
    transaction: [],
    autocommit: [],
    like: [],
    popular: [],
    repeat: [],
    one: [],
    many: [],
  };
  const latenciesMs: number[] = [];
  const addsBefore = await updates();
  const likesOf = async (posts: readonly string[], round: number): Promise<Result> => {
    const some = tokens.slice(round * PER_ROUND, (round + 1) * PER_ROUND).map((token, index) => {
      return { token, path: `/v1/posts/${posts[index % posts.length]}/like` };
    });
    const result = await load.run({ url, method: 'PUT', path: '/', tokens: some, concurrency: CONCURRENCY });
    if (result.failed > 0) throw new Error(`${result.failed} likes failed`);
    return result;
  };
  let likeSeconds = 0;
  /** Processor time of the API's thread, in microseconds: what a busy machine does not change. */
  const cpu: Record<'transaction' | 'like', number[]> = { transaction: [], like: [] };
  const progress = startProgress(2 * (ROUNDS + 1));
  for (let round = 0; round <= ROUNDS; round++) {
    progress.step(round === 0 ? 'warming up' : `round ${round}`);
    const startCpu = process.threadCpuUsage();
    const transaction = await commits.rate(PER_ROUND, true);
    const transactionCpu = perRequest(process.threadCpuUsage(startCpu));
    const autocommit = await commits.rate(PER_ROUND, false);
    const likeStart = process.threadCpuUsage();
    const like = await likesOf([freshPost!], round);
    const likeCpu = perRequest(process.threadCpuUsage(likeStart));
    const popular = await likesOf([popularPost!], round);
    const repeat = await likesOf([freshPost!], round);
    likeSeconds += like.seconds + popular.seconds;
    if (round === 0) continue; // compiles, connects, fills caches
    cpu.transaction.push(transactionCpu);
    cpu.like.push(likeCpu);
    rates.transaction.push(transaction);
    rates.autocommit.push(autocommit);
    rates.like.push(PER_ROUND / like.seconds);
    rates.popular.push(PER_ROUND / popular.seconds);
    rates.repeat.push(PER_ROUND / repeat.seconds);
    latenciesMs.push(...like.latenciesMs);
  }
  const likes = 2 * PER_ROUND * (ROUNDS + 1);
  const perThousand = ((await updates()) - addsBefore) / (likes / 1_000);
  for (let round = 0; round <= ROUNDS; round++) {
    progress.step(`one post and ${MANY_POSTS}, ${round === 0 ? 'warming up' : `round ${round}`}`);
    const one = await likesOf([anotherPost!], round);
    const many = await likesOf(manyPosts, round);
    if (round === 0) continue;
    rates.one.push(PER_ROUND / one.seconds);
    rates.many.push(PER_ROUND / many.seconds);
  }
  progress.end();
  const manyToOne = spreadOf(rates.many.map((rate, index) => rate / rates.one[index]!));
  const ratio = spreadOf(rates.like.map((rate, index) => rate / rates.transaction[index]!));
  const toAutocommit = spreadOf(rates.like.map((rate, index) => rate / rates.autocommit[index]!));
  const flat = spreadOf(rates.popular.map((rate, index) => rate / rates.like[index]!));
  latenciesMs.sort((a, b) => a - b);
  const results = {
    concurrency: CONCURRENCY,
    perRound: PER_ROUND,
    insertAndCommitPerSecond: spreadOf(rates.transaction),
    autocommitPerSecond: spreadOf(rates.autocommit),
    likesPerSecond: spreadOf(rates.like),
    likesOfPopularPostPerSecond: spreadOf(rates.popular),
    repeatedLikesPerSecond: spreadOf(rates.repeat),
    likesOfManyPostsPerSecond: spreadOf(rates.many),
    manyToOne,
    likeToInsertAndCommit: ratio,
    likeToAutocommit: toAutocommit,
    popularToFresh: flat,
    insertAndCommitCpuMicroseconds: spreadOf(cpu.transaction),
    likeCpuMicroseconds: spreadOf(cpu.like),
    likeP50Ms: quantile(latenciesMs, 0.5),
    likeP99Ms: quantile(latenciesMs, 0.99),
    countUpdatesPerThousandLikes: Number(perThousand.toFixed(2)),
    likesPerSecondWhileCounted: Math.round(likes / likeSeconds),
  };
  save('like', results, [
    { title: 'PUT like : INSERT + COMMIT', unit: '×', bars: [{ label: 'like', value: ratio }], target: 0.5 },
    {
      title: 'Writes a second',
      unit: '/s',
      bars: [
        { label: 'INSERT + COMMIT', value: results.insertAndCommitPerSecond },
        { label: 'INSERT, committed at once', value: results.autocommitPerSecond },
        { label: 'like of a fresh post', value: results.likesPerSecond },
        { label: 'like of a popular post', value: results.likesOfPopularPostPerSecond },
        { label: 'like repeated', value: results.repeatedLikesPerSecond },
        { label: `likes of ${MANY_POSTS} posts`, value: results.likesOfManyPostsPerSecond },
      ],
    },
  ]);
  console.log(`INSERT + COMMIT            ${show(results.insertAndCommitPerSecond)} /s`);
  console.log(`INSERT, committed at once  ${show(results.autocommitPerSecond)} /s`);
  console.log(
    `PUT like, hot post         ${show(results.likesPerSecond)} /s, p50 ${results.likeP50Ms} ms, p99 ${results.likeP99Ms} ms`,
  );
  console.log(
    `  with ${MANY_LIKES} likes      ${show(results.likesOfPopularPostPerSecond)} /s; of the fresh one's rate: ${show(flat)}`,
  );
  console.log(`  repeated, nothing new    ${show(results.repeatedLikesPerSecond)} /s`);
  console.log(
    `  of ${MANY_POSTS} posts            ${show(results.likesOfManyPostsPerSecond)} /s; of one post's rate: ${show(manyToOne)}`,
  );
  console.log(`like : INSERT + COMMIT     ${show(ratio)}  (target 0.5)`);
  console.log(`like : committed at once   ${show(toAutocommit)}`);
  console.log(
    `processor time of a like   ${show(results.likeCpuMicroseconds)} us; INSERT + COMMIT: ${show(results.insertAndCommitCpuMicroseconds)} us`,
  );
  console.log(
    `updates of counts          ${results.countUpdatesPerThousandLikes} for 1,000 likes, at ${results.likesPerSecondWhileCounted} likes/s  (target 5)`,
  );
} finally {
  await load.end();
  await app.close();
  await stop(worker.child);
  await schema.drop();
}

/** A fresh post, one that has many likes of users who are not there, another fresh one, and many more. */
async function createPosts(authorId: string): Promise<string[]> {
  const now = new Date();
  const posts = Array.from({ length: 3 + MANY_POSTS }, (_, index) => [authorId, `post ${index}`, now]);
  await insertRows(pool, 'posts (author_id, content, created_at)', posts);
  const [rows] = await pool.query('SELECT id FROM posts ORDER BY id');
  const ids = (rows as { id: string }[]).map(({ id }) => id);
  const likes = Array.from({ length: MANY_LIKES }, (_, index) => [ids[1], index + 1, now]);
  await insertRows(pool, 'likes (post_id, user_id, created_at)', likes);
  await pool.query('INSERT INTO post_counts (post_id, like_count) VALUES (?, ?)', [ids[1], MANY_LIKES]);
  return ids;
}

/** Microseconds of one request. */
function perRequest({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / PER_ROUND;
}

/** Statements that write counts back, as the worker counts them. */
function updates(): Promise<number> {
  return metric(worker.url, /^mysql_statements_total\{.*method="CountFlushRepository\.add"/);
}
