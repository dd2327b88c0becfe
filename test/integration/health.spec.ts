import { AppModule } from '../../src/app.module.js';
import { WorkerModule } from '../../src/worker.module.js';
import { ApiClient } from '../support/api-client.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';
import { testConfig, type TestEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

/** Nobody listens there. */
const CLOSED = '127.0.0.1:1';
const CLOSED_TOO = '127.0.0.1:2';
const BOTH = [
  ['API', AppModule],
  ['worker', WorkerModule],
] as const;

interface Health {
  status: string;
  error: Record<string, { status: string; message?: string }>;
  details: Record<string, { status: string; message?: string }>;
}

describe('Health and metrics', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app?.close());

  const clients = () => [app.api, new ApiClient(app.workerUrl)];

  it('say that both processes live and are ready', async () => {
    for (const client of clients()) {
      expect((await client.expect(200, 'GET', '/health/live')).body).toEqual({ status: 'ok' });
      const { body } = await client.expect<Health>(200, 'GET', '/health/ready');
      expect(body.status).toBe('ok');
      expect(Object.keys(body.details).sort()).toEqual([
        'migrations',
        'mysql',
        'mysql-primary',
        'process',
        'redis-cluster',
      ]);
    }
  });

  it('show the figures of both processes', async () => {
    for (const client of clients()) {
      const { text, headers } = await client.expect(200, 'GET', '/metrics');
      expect(headers.get('content-type')).toContain('text/plain');
      expect(text).toMatch(/^process_cpu_seconds_total/m);
    }
    expect((await new ApiClient(app.workerUrl).expect(200, 'GET', '/metrics')).text).toContain('outbox_jobs_total');
  });

  it('are all that the worker serves', async () => {
    const worker = new ApiClient(app.workerUrl);
    for (const [method, path] of [
      ['POST', '/v1/auth/register'],
      ['POST', '/v1/auth/login'],
      ['GET', '/v1/users/me'],
      ['GET', '/v1/users/1'],
      ['PUT', '/v1/users/1/follow'],
      ['POST', '/v1/posts'],
      ['GET', '/v1/posts/1'],
      ['GET', '/v1/feed'],
    ]) {
      const answer = await worker.request(method!, path!, method === 'POST' ? { body: {} } : {});
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 404, 'ROUTE_NOT_FOUND']);
    }
  });

  describe.each(BOTH)('of the %s', (_, root) => {
    async function readinessWith(
      env: TestEnv,
      database = app.database.name,
    ): Promise<{ status: number; body: Health }> {
      const nest = await listen(root, testConfig(database, env));
      try {
        const client = new ApiClient(urlOf(nest));
        await client.expect(200, 'GET', '/health/live');
        return await client.request<Health>('GET', '/health/ready');
      } finally {
        await nest.close();
      }
    }

    it('name Redis when it cannot be reached', async () => {
      const { status, body } = await readinessWith({ REDIS_NODES: CLOSED });
      expect(status).toBe(503);
      expect(Object.keys(body.error)).toEqual(['redis-cluster']);
    });

    it('name the primary when it was never reached, though replicas are connected to it', async () => {
      const { status, body } = await readinessWith({ MYSQL_PRIMARY: CLOSED });
      expect(status).toBe(503);
      expect(Object.keys(body.error)).toContain('mysql-primary');
      expect(Object.keys(body.error)).not.toContain('redis-cluster');
    });

    it('name MySQL when none of its servers can be reached', async () => {
      const { status, body } = await readinessWith({ MYSQL_PRIMARY: CLOSED, MYSQL_REPLICAS: CLOSED_TOO });
      expect(status).toBe(503);
      expect(Object.keys(body.error)).toEqual(['mysql', 'migrations']);
    });

    it('do not depend on the replicas', async () => {
      expect((await readinessWith({ MYSQL_REPLICAS: CLOSED })).status).toBe(200);
    });

    it('name the migrations that are missing', async () => {
      const empty = await TestDatabase.createEmpty();
      try {
        const { status, body } = await readinessWith({}, empty.name);
        expect(status).toBe(503);
        expect(Object.keys(body.error)).toEqual(['migrations']);
        await empty.migrate();
        await empty.execute('DELETE FROM schema_migrations');
        const missing = await readinessWith({}, empty.name);
        expect(missing.body.error.migrations!.message).toContain('CreateCore1795340000000');
      } finally {
        await empty.drop();
      }
    });
  });
});
