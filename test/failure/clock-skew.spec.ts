import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApiClient, Member, PASSWORD } from '../support/api-client.js';
import { outcome, tally } from '../support/answers.js';
import type { Post, Session, TokenPair } from '../support/contract.js';
import { createFollows, createUsers } from '../support/factories.js';
import { png, postWith, upload } from '../support/media.js';
import { countsEverywhere } from '../support/post-counts.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { TestRedis } from '../support/redis.js';
import { settle, settleCounts, until } from '../support/settle.js';
import { testEnv, type TestEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const FAST_MS = 5_000;
const SLOW_MS = -5_000;
/** Until others see what somebody did, by the contract. */
const SEEN_WITHIN_MS = 2_000;
/** Until an instance knows of what another one revoked; it asks twice a second. */
const REVOKED_WITHIN_MS = 3_000;
const PRELOAD = pathToFileURL(join(import.meta.dirname, '../support/skewed-date.mjs')).href;

/** One API is 10 s ahead of the other; the worker is with either. */
describe.each([
  ['fast', FAST_MS],
  ['slow', SLOW_MS],
])('While the clocks of instances are wrong by 5 s, and that of the worker is %s', (_, workerSkewMs) => {
  let database: TestDatabase;
  let redis: TestRedis;
  let apis: [fast: ApiClient, slow: ApiClient];
  const processes: TestProcess[] = [];

  async function start(name: 'main' | 'worker', skewMs: number, env: TestEnv = {}): Promise<TestProcess> {
    const clock = { TEST_CLOCK_SKEW_MS: String(skewMs), NODE_OPTIONS: `--import ${PRELOAD}` };
    const process = await startProcess(name, testEnv(database.name, { ...env, ...clock }));
    processes.push(process);
    return process.ready();
  }

  beforeAll(async () => {
    database = await TestDatabase.create();
    redis = new TestRedis(database.config);
    const limits = { RATE_LIMITS: 'on', RATE_LIMIT_LOGIN_FAILURES: '4/15m', TRUSTED_PROXIES: '127.0.0.1' };
    const started = await Promise.all([
      start('main', FAST_MS, limits),
      start('main', SLOW_MS, limits),
      start('worker', workerSkewMs, { FAN_OUT_CHUNK: '5', OUTBOX_LEASE: '15s' }),
      start('worker', -workerSkewMs, { FAN_OUT_CHUNK: '5', OUTBOX_LEASE: '15s' }),
    ]);
    apis = [new ApiClient(started[0].url), new ApiClient(started[1].url)];
    // One worker alone does what follows; the other one is for leases.
    process.kill(started[3].pid, 'SIGSTOP');
  }, 120_000);
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop('SIGKILL')));
    await redis?.close();
    await database?.drop();
  });

  const at = (api: ApiClient, { id, token, session }: Member) => new Member(api, id, token, session);
  const others = () => [apis, apis.toReversed()] as [ApiClient, ApiClient][];

  it('their clocks are wrong', async () => {
    const years = await Promise.all(
      apis.map(async (api) => Date.parse((await (await api.register()).post()).createdAt)),
    );
    expect(years[0]! - years[1]!).toBeGreaterThan(8_000);
    expect(Math.abs(years[0]! - Date.now() - FAST_MS)).toBeLessThan(2_000);
  });

  it('tokens of one are good for the other, and end on both', async () => {
    for (const [here, there] of others()) {
      const member = await here.register();
      expect(outcome(await at(there, member).request('GET', '/v1/users/me'))).toBe('200');
      const { refreshToken } = member.session!;
      const next = await there.expect<TokenPair>(200, 'POST', '/v1/auth/refresh', { body: { refreshToken } });
      const token = next.body.accessToken;
      expect(outcome(await here.request('GET', '/v1/users/me', { token }))).toBe('200');
      await there.expect(204, 'POST', '/v1/auth/logout', { token, body: { refreshToken: next.body.refreshToken } });
      const isOver = async () =>
        outcome(await here.request('GET', '/v1/users/me', { token })) === '401 UNAUTHENTICATED';
      await until(isOver, { what: 'the logout to be known to the other', timeoutMs: REVOKED_WITHIN_MS });
    }
  });

  it('posts reach the feeds of others within 2 s, newest first, and leave them', async () => {
    const [author, reader] = (await apis[0].registerMany(2)) as [Member, Member];
    await reader.follow(author);
    await reader.feed();
    const ids: string[] = [];
    for (const [here, there] of [...others(), ...others()]) {
      const { id } = await at(here, author).post();
      ids.unshift(id);
      const isThere = async () => (await at(there, reader).feedIds())[0] === id;
      await until(isThere, { what: 'the post in the feed', timeoutMs: SEEN_WITHIN_MS });
    }
    for (const api of apis) expect(await at(api, reader).feedIds()).toEqual(ids);
    const [gone, ...kept] = ids;
    await at(apis[1], author).request('DELETE', `/v1/posts/${gone}`);
    const isGone = async () => !(await at(apis[0], reader).feedIds()).includes(gone!);
    await until(isGone, { what: 'the deletion to be seen', timeoutMs: SEEN_WITHIN_MS });
    await settle(database);
    expect(await at(apis[1], reader).feedIds()).toEqual(kept);
    // A walk along both, with a cursor of either.
    const first = await at(apis[0], reader).feed({ limit: 2 });
    const rest = await at(apis[1], reader).walk(2, first.nextCursor!);
    expect([first, ...rest].flatMap(({ items }) => items.map(({ post }) => post.id))).toEqual(kept);
    const viewed = async () => (await at(apis[1], reader).feed()).items.every((item) => item.viewed);
    await until(viewed, { what: 'everything to count as viewed' });
  });

  it('everybody reads their own writes, wherever they are made', async () => {
    const member = await apis[0].register();
    for (const [here, there] of others()) {
      const { id } = await at(here, member).post('mine');
      expect((await at(there, member).get<Post>(`/v1/posts/${id}`)).content).toBe('mine');
      expect((await at(there, member).feedIds())[0]).toBe(id);
      const profile = { bio: `written at ${here.url}` };
      await at(here, member).request('PATCH', '/v1/users/me', { body: profile });
      expect(await at(there, member).get('/v1/users/me')).toMatchObject(profile);
    }
  });

  it('a key makes one post, wherever it comes, and an upload is attached once', async () => {
    const member = await apis[0].register();
    const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
    const post = (api: ApiClient) =>
      at(api, member).request<Post>('POST', '/v1/posts', { headers, body: { content: 'once' } });
    const answers = [await post(apis[0]), await post(apis[1]), await post(apis[0])];
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    for (const [here, there] of others()) {
      const [key] = await upload(at(here, member), png());
      expect((await postWith(at(there, member), [key!])).media).toHaveLength(1);
    }
  });

  it('counts are right everywhere', async () => {
    const [author, ...likers] = await apis[0].registerMany(7);
    const { id } = await author!.post();
    await Promise.all(likers.map((liker, index) => at(apis[index % 2]!, liker).request('PUT', `/v1/posts/${id}/like`)));
    await Promise.all(likers.slice(0, 2).map((liker) => at(apis[1], liker).request('DELETE', `/v1/posts/${id}/like`)));
    await settle(database);
    await settleCounts(database, 30_000);
    const right = { likes: 4, comments: 0 };
    const { rows, mysql, api, redis: kept } = await countsEverywhere(database, redis, author!, id);
    expect([rows, mysql, api, kept ?? right]).toEqual([right, right, right, right]);
  }, 90_000);

  it('guesses have one budget, which both count', async () => {
    const { username } = (await apis[0].register()).session!.user;
    const headers = {
      'x-forwarded-for': `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`,
    };
    const answers = [];
    for (let i = 0; i < 8; i++) {
      const body = { login: username, password: 'wrong password' };
      answers.push(await apis[i % 2]!.request<Session>('POST', '/v1/auth/login', { body, headers }));
    }
    expect(tally(answers)).toEqual({ '401 INVALID_CREDENTIALS': 4, '429 RATE_LIMITED': 4 });
    const right = await apis[1].request('POST', '/v1/auth/login', {
      body: { login: username, password: PASSWORD },
      headers,
    });
    expect(outcome(right)).toBe('429 RATE_LIMITED');
  });

  it('a job is one worker’s at a time, and that of a worker that dies is taken over', async () => {
    const [, , working, idle] = processes as [TestProcess, TestProcess, TestProcess, TestProcess];
    const author = await apis[1].register();
    const followers = await createUsers(database, 300);
    await createFollows(
      database,
      followers.map((follower) => [follower, author.id]),
    );
    process.kill(idle.pid, 'SIGCONT');
    const posts = [];
    for (let i = 0; i < 10; i++) posts.push((await at(apis[i % 2]!, author).post()).id);
    await settle(database);
    const attempts = await database.query<{ attempts: number; losses: number }>(
      "SELECT attempts, losses FROM outbox_events WHERE type = 'post.created' AND payload->>'$.authorId' = ?",
      [author.id],
    );
    expect(attempts).toEqual(Array.from({ length: 10 }, () => ({ attempts: 1, losses: 0 })));

    // Frozen with its leases, until it is killed: the other one waits for their end, by its own clock.
    const last = await at(apis[0], author).post();
    await working.stop('SIGKILL');
    await settle(database, 40_000);
    expect((await at(apis[1], author).feedIds())[0]).toBe(last.id);
  }, 120_000);
});
