import { ApiClient } from '../support/api-client.js';
import { Metrics, type Sample } from '../support/metrics.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import { everyRoute } from '../support/traffic.js';

const TOKEN = 'a token of tests';
/** Bounds of buckets are numbers, and the runtime's version is what it is. */
const NO_IDS = new Set(['le', 'quantile', 'version', 'major', 'minor', 'patch']);
const ID_LIKE = [/\d{4,}/, /[0-9a-f]{8,}/i, /[0-9a-f-]{36}/, /@/, /\s{2,}|[?&=]/, /^.{65,}$/];

/** Worker threads and handles come and go with what Node does. */
const RUNTIME = /^nodejs_active_/;

describe('Metrics', () => {
  let app: TestApp;
  const clients: ApiClient[] = [];

  beforeAll(async () => {
    app = await TestApp.start({ env: { METRICS_TOKEN: TOKEN, FEED_AUDIT_INTERVAL: '100ms' } });
    clients.push(app.api, new ApiClient(app.workerUrl));
    await everyRoute(app);
    await everyRoute(app);
  });
  afterAll(() => app?.close());

  const of = (client: ApiClient): Promise<Metrics> => Metrics.of(client, TOKEN);
  /** Addresses of servers are from the configuration: there are as many values as servers. */
  const servers = (): Set<string> =>
    new Set(
      [app.config.mysql.primary, ...app.config.mysql.replicas, ...app.config.redis.nodes].map(
        ({ host, port }) => `${host}:${port}`,
      ),
    );

  it('are for those who have the token', async () => {
    for (const client of clients) {
      for (const headers of [{}, { authorization: 'Bearer a token of others' }, { authorization: TOKEN }]) {
        const { status, body } = await client.request('GET', '/metrics', {
          headers: headers as Record<string, string>,
        });
        expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
      }
      await client.expect(200, 'GET', '/metrics', { token: TOKEN });
    }
  });

  it('have no id in any label', async () => {
    const found: string[] = [];
    for (const client of clients) {
      for (const { name, labels } of (await of(client)).samples) {
        for (const [label, value] of Object.entries(labels)) {
          if (NO_IDS.has(label) || (label === 'node' && servers().has(value))) continue;
          if (ID_LIKE.some((pattern) => pattern.test(value))) found.push(`${name}{${label}="${value}"}`);
        }
      }
    }
    expect(found).toEqual([]);
  });

  it('have as many series after more people and more nonsense as before', async () => {
    const valuesOf = async (client: ApiClient) => {
      const others = (await of(client)).samples.filter(({ labels }) => !servers().has(labels.node ?? ''));
      return new Set(others.flatMap(labelValues));
    };
    const before = await Promise.all(clients.map(valuesOf));
    await everyRoute(app);
    const after = await Promise.all(clients.map(valuesOf));
    // As many as there are methods in the code; work in the background may call one for the first time meanwhile.
    const isMethod = (value: string) => /^\w+ method=\w+Repository\.\w+$/.test(value);
    const added = after.map((values, index) => [...values].filter((value) => !before[index]!.has(value)));
    expect(added.map((values) => values.filter((value) => !isMethod(value)))).toEqual([[], []]);
    for (const client of clients) expect((await of(client)).samples.length).toBeLessThan(8_000);
  });

  it('count requests by template, method and status, failures and what no route matches included', async () => {
    const before = await of(app.api);
    const me = await app.api.register();
    await me.request('GET', `/v1/users/${me.id}`);
    await me.request('GET', '/v1/users/123456789');
    await app.api.request('GET', '/v1/users/%E0%A4');
    await app.api.request('PROPFIND', '/whatever');
    const counts: [Record<string, string>, number][] = [
      [{ method: 'GET', route: '/v1/users/:id', status: '200' }, 1],
      [{ method: 'GET', route: '/v1/users/:id', status: '404' }, 1],
      [{ method: 'GET', route: 'unmatched', status: '400' }, 1],
      [{ method: 'other', route: 'unmatched', status: '404' }, 1],
    ];
    const grown = async () => {
      const now = await of(app.api);
      const name = 'http_request_duration_seconds_count';
      return counts.every(([labels, count]) => now.sum(name, labels) - before.sum(name, labels) === count);
    };
    await until(grown, { what: 'the requests to be counted' });
    const now = await of(app.api);
    expect(now.sum('http_requests_in_flight')).toBe(1); // the scrape itself
    expect(now.sum('http_response_bytes_sum', { route: '/v1/users/:id' })).toBeGreaterThan(100);
    expect(now.sum('http_request_bytes_sum', { route: '/v1/auth/register' })).toBeGreaterThan(50);
  });

  it('count a request whose client is gone, and do not count it as in flight', async () => {
    const before = await of(app.api);
    const lock = await app.database.connect();
    try {
      const [follower, followee] = await app.api.registerMany(2);
      await lock.beginTransaction();
      await lock.query('SELECT 1 FROM users WHERE id = ? FOR UPDATE', [followee!.id]);
      const given = new AbortController();
      const gone = fetch(`${app.api.url}/v1/users/${followee!.id}/follow`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${follower!.token}` },
        signal: given.signal,
      }).catch(() => 'gone');
      await until(() => app.database.hasLockWait(), { what: 'the request to wait' });
      given.abort();
      expect(await gone).toBe('gone');
    } finally {
      lock.destroy();
    }
    const aborted = async () =>
      (await of(app.api)).sum('http_requests_aborted_total', { route: '/v1/users/:id/follow' }) >
      before.sum('http_requests_aborted_total', { route: '/v1/users/:id/follow' });
    await until(aborted, { what: 'the abandoned request to be counted' });
    expect((await of(app.api)).sum('http_requests_in_flight')).toBe(1);
  });

  it('tell of everything that is watched', async () => {
    const names = async (client: ApiClient) => new Set((await of(client)).samples.map(({ name }) => name));
    const both = [
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_heap_limit_bytes',
      'nodejs_gc_duration_seconds_count',
      'mysql_pool_connections',
      'mysql_replica_lag_seconds',
      'mysql_statements_total',
      'mysql_semi_sync_active',
      'redis_commands_sent_total',
      'redis_pipeline_seconds_count',
      'redis_pipeline_commands_count',
    ];
    const ofApi = [
      'cache_lookups_total',
      'storage_up',
      'storage_requests_total',
      'http_problems_total',
      'media_uploads_issued_total',
    ];
    const ofWorker = [
      'outbox_job_delay_seconds_count',
      'feed_deliveries_total',
      'feed_entries_count',
      'feed_sweep_feeds_total',
      'feed_drift_entries',
      'post_count_flush_lag_seconds',
      'job_runs_total',
      'job_duration_seconds_count',
      'job_last_success_timestamp_seconds',
    ];
    await until(async () => (await of(clients[1]!)).sum('feed_entries_count') > 0, {
      what: 'the audit to look at a feed',
    });
    const [apiNames, workerNames] = await Promise.all([names(clients[0]!), names(clients[1]!)]);
    expect([...both, ...ofApi].filter((name) => !apiNames.has(name))).toEqual([]);
    expect([...both, ...ofWorker].filter((name) => !workerNames.has(name))).toEqual([]);
  });

  it('count what was found in each cache, and what was not', async () => {
    const before = await of(app.api);
    const me = await app.api.register();
    const { id } = await me.post();
    await me.feed();
    // Two posts that are nowhere, so that the page needs another slice; a page is one lookup all the same.
    for (const unknown of [1n, 2n]) {
      const entry = `${BigInt(id) + unknown}:${Math.floor(Date.now() / 1_000) + 3_600}:0`;
      await app.redis.command('zadd', app.redis.feedKey(me.id), String(BigInt(id) + unknown), entry);
    }
    expect((await me.feed({ limit: 1 })).items.map(({ post }) => post.id)).toEqual([id]);
    const now = await of(app.api);
    const grown = (labels: Record<string, string>) =>
      now.sum('cache_lookups_total', labels) - before.sum('cache_lookups_total', labels);
    expect(grown({ cache: 'feeds', result: 'miss' })).toBe(1);
    expect(grown({ cache: 'feeds', result: 'hit' })).toBe(1);
    for (const cache of ['feeds', 'posts', 'post_counts']) {
      expect([cache, grown({ cache, result: 'hit' }) > 0]).toEqual([cache, true]);
    }
  });

  it('count failed authentications by their code', async () => {
    const before = await of(app.api);
    await app.api.request('GET', '/v1/feed');
    await app.api.request('POST', '/v1/auth/login', { body: { login: 'nobody', password: 'not the password' } });
    const now = await of(app.api);
    for (const code of ['UNAUTHENTICATED', 'INVALID_CREDENTIALS']) {
      expect(now.sum('http_problems_total', { code }) - before.sum('http_problems_total', { code })).toBe(1);
    }
  });
});

const labelValues = ({ name, labels }: Sample): string[] =>
  RUNTIME.test(name) ? [] : Object.entries(labels).map(([label, value]) => `${name} ${label}=${value}`);
