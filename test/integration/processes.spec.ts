import { type Answer, ApiClient } from '../support/api-client.js';
import { type Exit, startProcess, type TestProcess } from '../support/processes.js';
import { TestRedis } from '../support/redis.js';
import { until } from '../support/settle.js';
import { testEnv, type TestEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

/** A production environment in order. */
const PRODUCTION: TestEnv = {
  NODE_ENV: 'production',
  RATE_LIMITS: 'on',
  MYSQL_PASSWORD: 'p1',
  MYSQL_MIGRATION_PASSWORD: 'p2',
  JWT_KEYS: `k1:${'s'.repeat(32)}`,
  LOAD_PASSWORD: 'p3-p3-p3',
  S3_ACCESS_KEY: 'p4',
  S3_SECRET_KEY: 'p5',
  METRICS_TOKEN: 'm'.repeat(16),
};

describe('The processes', () => {
  let database: TestDatabase;
  const started: TestProcess[] = [];

  async function start(name: 'main' | 'worker', env: TestEnv = {}): Promise<TestProcess> {
    const process = await startProcess(name, testEnv(database.name, env));
    started.push(process);
    return process;
  }

  beforeAll(async () => {
    database = await TestDatabase.create();
  });
  afterAll(async () => {
    await Promise.all(started.map((process) => process.stop('SIGKILL')));
    await database?.drop();
  });

  it.each<['main' | 'worker', string, TestEnv]>([
    ['main', 'API_PORT', { API_PORT: 'hunter2' }],
    ['worker', 'REDIS_NODES', { REDIS_NODES: 'hunter2' }],
    ['main', 'FEED_VIEWED_TTL', { FEED_VIEWED_TTL: '9d' }],
    ['worker', 'JWT_KEYS', { JWT_KEYS: 'k:hunter2' }],
    ['main', 'MYSQL_PASSWORD', { ...PRODUCTION, MYSQL_PASSWORD: 'sns-development' }],
  ])('%s ends with one line that names %s when it is wrong, and never shows its value', async (name, variable, env) => {
    const process = await start(name, env);
    expect(await process.exited).toEqual({ code: 1, signal: null });
    expect(process.errorLines).toEqual([expect.stringMatching(new RegExp(`^configuration: ${variable} `))]);
    const output = [...process.lines, ...process.errorLines].join('\n');
    expect(output).not.toContain(env[variable]);
    expect(process.lines).toEqual([]);
  });

  it.each(['main', 'worker'] as const)('%s ends cleanly when it is asked to', async (name) => {
    const process = await (await start(name)).ready();
    expect(await process.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(process.errorLines).toEqual([]);
  });

  it('answer a request that is under way when they are asked to end, and then end at once', async () => {
    const process = await (await start('main')).ready();
    const api = new ApiClient(process.url);
    const [follower, followee] = await api.registerMany(2);
    const lock = await database.connect();
    let follow: Promise<Answer<unknown>>;
    let exit: Promise<Exit>;
    try {
      await lock.beginTransaction();
      await lock.query('SELECT 1 FROM users WHERE id = ? FOR UPDATE', [followee!.id]);
      follow = follower!.request('PUT', `/v1/users/${followee!.id}/follow`);
      await until(() => database.hasLockWait(), { what: 'the request to wait for the lock' });
      exit = process.stop('SIGTERM');
      await until(() => process.lines.some((line) => line.includes('SIGTERM')), { what: 'the signal to be noticed' });
    } finally {
      lock.destroy();
    }
    expect((await follow).status).toBe(204);
    const answeredAt = performance.now();
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - answeredAt).toBeLessThan(3_000);
  });

  it('the API remembers what it showed last', async () => {
    const process = await (await start('main')).ready();
    const reader = await new ApiClient(process.url).register();
    const redis = new TestRedis(database.config);
    try {
      await reader.feed(); // the feed is built now
      const { id } = await reader.post();
      expect(await reader.feedIds()).toEqual([id]);
      expect(await process.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(await redis.entries(reader.id)).toEqual([expect.objectContaining({ postId: id, viewed: true })]);
    } finally {
      await redis.close();
    }
  });

  it('the API is not ready any more when it is asked to end, and answers on until a balancer has noticed', async () => {
    const process = await (await start('main', { SHUTDOWN_DELAY: '3s' })).ready();
    const api = new ApiClient(process.url);
    const begunAt = performance.now();
    const exit = process.stop('SIGTERM');
    await until(() => process.lines.some((line) => line.includes('SIGTERM')), { what: 'the signal to be noticed' });
    const ready = await api.request<{ error: object }>('GET', '/health/ready');
    expect([ready.status, Object.keys(ready.body.error)]).toEqual([503, ['process']]);
    // Who comes all the same is served, and told to come by another connection next time.
    const answer = await api.request('GET', '/v1/users/me');
    expect([answer.status, answer.headers.get('connection')]).toEqual([401, 'close']);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(3_000);
  });

  it('log JSON lines that carry the id of their request and no secret', async () => {
    const process = await (await start('main')).ready();
    const api = new ApiClient(process.url);
    await api.request('POST', '/v1/auth/login', {
      body: { login: 'nobody', password: 'a secret password' },
      headers: { 'x-request-id': 'my-request' },
    });
    await process.stop('SIGTERM');
    const lines = process.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const request = lines.find((line) => line.msg === 'request');
    expect(request).toMatchObject({
      level: 'info',
      process: 'api',
      requestId: 'my-request',
      method: 'POST',
      route: '/v1/auth/login',
      status: 401,
      durationMs: expect.any(Number),
    });
    expect(process.lines.join('\n')).not.toContain('a secret password');
  });
});
