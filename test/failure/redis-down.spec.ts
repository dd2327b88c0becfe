import { idsOf, PASSWORD, type Member } from '../support/api-client.js';
import type { FeedPage, Post } from '../support/contract.js';
import { EveryRoute } from '../support/every-route.js';
import { countsEverywhere } from '../support/post-counts.js';
import { services } from '../support/services.js';
import { settleCounts, until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

/** Longest answer while Redis is away; clients give up soon after. */
const PATIENCE_MS = 5_000;
/** From the return of Redis until nothing shows that it was away. */
const HEALED_WITHIN_MS = 60_000;

describe('While all of Redis is down', () => {
  let app: TestApp;
  beforeAll(async () => {
    // Budgets of an address are wide: all test files come from the same one, and share Redis.
    const env = {
      RATE_LIMITS: 'on',
      RATE_LIMIT_REQUESTS: '100000/1m',
      RATE_LIMIT_REGISTRATIONS: '100000/1m',
      RATE_LIMIT_ADDRESS_FAILURES: '100000/1m',
      RATE_LIMIT_LOGIN_FAILURES: '3/15m',
      REDIS_REQUEST_BUDGET: '100ms',
    };
    app = await TestApp.start({ env });
  });
  afterAll(() => app?.close());

  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    const result = await work();
    expect(performance.now() - begun).toBeLessThan(PATIENCE_MS);
    return result;
  };

  it('logins are limited by each process, other requests are let through, and posting goes on', async () => {
    const [author, follower] = await app.api.registerMany(2);
    await follower!.follow(author!);
    await follower!.feed();
    const login = author!.session!.user.username;

    await services.whileRedisIsDead(async () => {
      const attempts: number[] = [];
      for (let i = 0; i < 5; i++) {
        const body = { login, password: 'wrong password' };
        attempts.push((await timed(() => app.api.request('POST', '/v1/auth/login', { body }))).status);
      }
      expect(attempts).toEqual([401, 401, 401, 429, 429]);

      const profile = await timed(() => author!.request('GET', `/v1/users/${follower!.id}`));
      expect(profile.status).toBe(200);
      const post = await timed(() => author!.request('POST', '/v1/posts', { body: { content: 'kept' } }));
      expect(post.status).toBe(201);
      const metrics = (await app.api.request<string>('GET', '/metrics')).text;
      expect(metrics).toMatch(/rate_limit_degraded_total\{policy="login-pair"\} [1-9]/);
      expect(metrics).toMatch(/rate_limit_degraded_total\{policy="requests"\} [1-9]/);
    });

    const isCountedTogether = async () =>
      (await app.api.request('POST', '/v1/auth/login', { body: { login, password: PASSWORD } })).status === 200;
    await until(isCountedTogether, { what: 'logins to be limited by Redis', timeoutMs: HEALED_WITHIN_MS });
    await untilHealed(follower!);
    expect(await follower!.feedIds()).toHaveLength(1);
  });

  const degraded = async (member: Member, path: string): Promise<FeedPage> => {
    const answer = await timed(() => member.request<FeedPage>('GET', path));
    expect([answer.status, answer.headers.get('x-degraded')]).toEqual([200, 'feed-from-database']);
    expect(answer.body.items.every(({ viewed }) => !viewed)).toBe(true);
    return answer.body;
  };
  const isHealed = async (member: Member) =>
    (await member.request('GET', '/v1/feed')).headers.get('x-degraded') === null;
  const untilHealed = (...members: Member[]) =>
    until(async () => (await Promise.all(members.map(isHealed))).every(Boolean), {
      what: 'feeds to come from Redis again',
      timeoutMs: HEALED_WITHIN_MS,
    });

  it('every route of the API answers, and all that was done counts', async () => {
    const routes = await EveryRoute.create(app.database, app.api);
    const writes = Object.entries(routes.writes);
    const members = await app.api.registerMany(writes.length);
    const [liker, follower] = (await app.api.registerMany(2)) as [Member, Member];
    await follower.feed();
    let liked!: Post;

    await services.whileRedisIsDead(async () => {
      for (const [route, path] of Object.entries(routes.gets)) {
        const { status, text } = await timed(() => routes.reader.request('GET', path));
        expect([route, status, text]).toEqual([route, 200, text]);
      }
      for (const [index, [route, prepare]] of writes.entries()) {
        const { path, body } = await prepare(members[index]!);
        const [method] = route.split(' ') as [string];
        const { status, text } = await timed(() => members[index]!.request(method, path, { body }));
        expect([route, status < 300, text]).toEqual([route, true, text]);
      }
      expect((await app.api.request('GET', '/health/ready')).status).toBe(200);

      await follower.follow(routes.author);
      liked = await routes.author.post('without Redis');
      const like = await liker.request('PUT', `/v1/posts/${liked.id}/like`);
      expect([like.status, like.body]).toEqual([200, { liked: true, likeCount: 1 }]);
      expect(await liker.get<Post>(`/v1/posts/${liked.id}`)).toMatchObject({ likeCount: 1, likedByMe: true });
      const { items } = await degraded(follower, '/v1/feed');
      expect(items[0]!.post).toMatchObject({ id: liked.id, content: 'without Redis' });
      const metrics = (await app.api.request<string>('GET', '/metrics')).text;
      expect(metrics).toMatch(/redis_breaker_state\{node="[\d.:]+",traffic="request"\} [12]/);
      expect(metrics).toMatch(/feed_degraded_total [1-9]/);
    });

    // All of them read: a feed that went with the last moments of a node is built then, and not before.
    await untilHealed(follower, liker, routes.reader);
    const readers = [follower.id, routes.reader.id];
    let copies = new Map<string, number>();
    const isFannedOut = async () => {
      copies = await app.redis.copiesOf(liked.id, readers);
      return [...copies.values()].every((count) => count === 1);
    };
    const fanOut = until(isFannedOut, { what: 'the post to be fanned out', timeoutMs: HEALED_WITHIN_MS });
    await fanOut.catch(async (error: unknown) => {
      const feeds = await Promise.all(readers.map((id) => app.redis.sentinel(id)));
      throw new Error(`of ${liked.id} there are ${JSON.stringify([...copies, feeds])}`, { cause: error });
    });
    await settleCounts(app.database, HEALED_WITHIN_MS);
    const right = { likes: 1, comments: 0 };
    const counts = await countsEverywhere(app.database, app.redis, liker, liked.id);
    expect(counts).toMatchObject({ rows: right, mysql: right, api: right });
    expect([undefined, right]).toContainEqual(counts.redis);
    const areClosed = async () => {
      const { text } = await app.api.request<string>('GET', '/metrics');
      return !/redis_breaker_state\{[^}]*\} [12]/.test(text);
    };
    await until(areClosed, { what: 'every breaker to be closed', timeoutMs: HEALED_WITHIN_MS });
  }, 180_000);

  it('a walk goes on without Redis where it was, and with it again, and loses and repeats nothing', async () => {
    const [reader, author] = (await app.api.registerMany(2)) as [Member, Member];
    await reader.follow(author);
    const posts = await author.postMany(12);
    await app.settle();
    const first = await reader.feed({ limit: 3 });
    let second!: FeedPage;
    let whole!: FeedPage;

    await services.whileRedisIsDead(async () => {
      second = await degraded(reader, `/v1/feed?limit=4&cursor=${first.nextCursor}`);
      whole = await degraded(reader, '/v1/feed?limit=100');
      expect(idsOf([whole])).toEqual(posts);
      expect(whole.nextCursor).toBeNull();
    });

    await untilHealed(reader);
    const rest = await reader.walk(3, second.nextCursor!);
    expect(idsOf([first, second, ...rest])).toEqual(posts);
  }, 120_000);
});
