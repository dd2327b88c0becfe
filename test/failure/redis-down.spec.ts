import { PASSWORD } from '../support/api-client.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

const NODES = ['redis-1', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6'];
/** Longest answer while Redis is away; clients give up soon after. */
const PATIENCE_MS = 5_000;

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
    };
    app = await TestApp.start({ env });
  });
  afterAll(() => app?.close());

  const whileRedisIsDown = async (work: () => Promise<void>) => {
    await Promise.all(NODES.map((node) => services.kill(node)));
    try {
      await work();
    } finally {
      // At once: a node does not serve before it sees most of the others.
      await Promise.all(NODES.map((node) => services.start(node)));
    }
  };
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

    await whileRedisIsDown(async () => {
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
      const feed = await timed(() => author!.request('GET', '/v1/feed'));
      expect([feed.status, feed.body.code]).toEqual([503, 'SERVER_BUSY']);
      const metrics = (await app.api.request<string>('GET', '/metrics')).text;
      expect(metrics).toMatch(/rate_limit_degraded_total\{policy="login-pair"\} [1-9]/);
      expect(metrics).toMatch(/rate_limit_degraded_total\{policy="requests"\} [1-9]/);
    });

    const arrived = async () =>
      (await follower!.request<{ items: unknown[] }>('GET', '/v1/feed')).body.items?.length === 1;
    await until(arrived, { what: 'the post in the feed', timeoutMs: 60_000 });
    const again = await app.api.request('POST', '/v1/auth/login', { body: { login, password: PASSWORD } });
    expect(again.status).toBe(200);
  });
});
