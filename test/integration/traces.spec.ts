import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApiClient } from '../support/api-client.js';
import { Collector, type CollectedSpan } from '../support/collector.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { settle } from '../support/settle.js';
import { testEnv, type TestEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const TELL_LOADED = `--import ${pathToFileURL(join(import.meta.dirname, '../support/tell-loaded.mjs')).href}`;
/** The trace of somebody who calls. */
const TRACE = 'a'.repeat(32);
const TRACEPARENT = `00-${TRACE}-${'b'.repeat(16)}-01`;

interface LogLine {
  msg: string;
  route?: string;
  trace_id?: string;
  span_id?: string;
}

/** The API and a worker as processes that end with it, and what they logged. */
async function served(
  database: TestDatabase,
  env: TestEnv,
  use: (api: ApiClient, worker: ApiClient) => Promise<void>,
): Promise<{ lines: LogLine[]; requests: LogLine[]; errorLines: string[] }> {
  const processes: TestProcess[] = [];
  try {
    for (const name of ['main', 'worker'] as const) {
      processes.push(await startProcess(name, testEnv(database.name, env)));
    }
    const [api, worker] = await Promise.all(processes.map((process) => process.ready()));
    await use(new ApiClient(api!.url), new ApiClient(worker!.url));
    for (const process of processes) expect(await process.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  } finally {
    await Promise.all(processes.map((process) => process.stop('SIGKILL')));
  }
  const lines = processes.flatMap(({ lines }) => lines.map((line) => JSON.parse(line) as LogLine));
  const errorLines = processes.flatMap((process) => process.errorLines);
  return { lines, requests: lines.filter(({ msg }) => msg === 'request'), errorLines };
}

describe('Traces', () => {
  let database: TestDatabase;
  let collector: Collector;
  beforeAll(async () => {
    database = await TestDatabase.create();
    collector = await Collector.start();
  });
  afterAll(async () => {
    collector?.close();
    await database?.drop();
  });

  it('are off by default: no SDK is loaded, nothing is sent, logged or stored', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, NODE_OPTIONS: TELL_LOADED };
    const { requests, errorLines } = await served(database, env, async (api) => {
      const me = await api.register();
      await me.post();
      await settle(database);
    });
    expect(errorLines).toEqual([]);
    expect(collector.texts).toEqual([]);
    expect(requests).toHaveLength(2);
    expect(requests.filter((line) => 'trace_id' in line || 'span_id' in line)).toEqual([]);
    const jobs = await database.query<{ traceparent: string | null }>('SELECT traceparent FROM outbox_events');
    expect(new Set(jobs.map(({ traceparent }) => traceparent))).toEqual(new Set([null]));
  });

  describe('that are on', () => {
    const secrets: string[] = [];
    let requests: LogLine[];
    let errorLines: string[];
    const spans = (): CollectedSpan[] => collector.spans;
    const named = (name: string): CollectedSpan[] => spans().filter((span) => span.name === name);
    const traceOf = ({ traceId }: CollectedSpan): CollectedSpan[] => spans().filter((span) => span.traceId === traceId);

    beforeAll(async () => {
      const env = { ...collector.env, NODE_OPTIONS: TELL_LOADED, TRUSTED_PROXIES: '127.0.0.1', RATE_LIMITS: 'on' };
      ({ requests, errorLines } = await served(database, env, async (api, worker) => {
        const [author, reader] = await api.registerMany(2);
        for (const { session } of [author!, reader!]) {
          secrets.push(session!.accessToken, session!.refreshToken, session!.user.email);
        }
        await reader!.follow(author!);
        await settle(database);
        await reader!.feedIds(); // built, so that the post is pushed into it
        await author!.post('a secret of the author');
        await settle(database);
        const headers = { traceparent: TRACEPARENT };
        await reader!.request('GET', '/v1/users/me', { headers });
        await reader!.request('GET', '/v1/feed', { headers: { ...headers, 'x-forwarded-for': '203.0.113.7' } });
        for (const process of [api, worker]) {
          await process.request('GET', '/health/ready');
          await process.request('GET', '/metrics');
        }
      }));
      secrets.push('a secret of the author', 'correct horse battery');
    });

    it('go from a request through MySQL to the job in the worker and to the nodes of Redis it delivers to', () => {
      const [request] = named('POST /v1/posts');
      const trace = traceOf(request!);
      const byId = new Map(trace.map((span) => [span.spanId, span]));
      expect(trace.filter(({ parentSpanId }) => !byId.has(parentSpanId))).toEqual([request]);
      expect(request).toMatchObject({
        service: 'sns-api',
        parentSpanId: '',
        attributes: { 'http.route': '/v1/posts', 'http.response.status_code': 201 },
        failed: false,
      });

      const of = (service: string) => trace.filter((span) => span.service === service);
      const insert = of('sns-api').find(({ name }) => name === 'OutboxRepository.insert');
      expect(insert?.attributes).toMatchObject({
        'db.system.name': 'mysql',
        'db.operation.name': 'INSERT',
        'db.query.text': expect.stringContaining('outbox_events'),
      });
      expect(of('sns-api').some(({ name }) => name === 'mysql COMMIT')).toBe(true);

      const job = of('sns-worker').find(({ name }) => name === 'job post.created');
      expect(job).toMatchObject({ parentSpanId: request!.spanId, attributes: { 'messaging.system': 'outbox' } });
      const ofJob = of('sns-worker').filter(({ parentSpanId }) => parentSpanId === job!.spanId);
      expect(ofJob.some(({ name }) => name === 'FollowsRepository.followersAfter')).toBe(true);
      const delivery = ofJob.find(({ attributes }) => attributes['db.system.name'] === 'redis');
      expect(delivery?.attributes).toMatchObject({ 'db.operation.name': expect.stringMatching(/eval/i) });
      for (const span of trace) expect(span.milliseconds).toBeGreaterThanOrEqual(0);
    });

    it('begin with requests of clients and with nothing else', () => {
      const firsts = spans().filter(({ parentSpanId }) => parentSpanId === '');
      expect(new Set(firsts.map(({ service }) => service))).toEqual(new Set(['sns-api']));
      for (const { name } of firsts) expect(name).toMatch(/^(GET|POST|PUT) \/v1\//);
      expect(named('OutboxLeaseRepository.finish')).toEqual([]); // the jobs that end together share it
    });

    it('go on with the trace of a proxy, and not with that of a client', () => {
      const ofCaller = spans().filter(({ traceId }) => traceId === TRACE);
      expect(ofCaller.find(({ parentSpanId }) => parentSpanId === 'b'.repeat(16))?.name).toBe('GET /v1/feed');
      const [me] = named('GET /v1/users/me');
      expect(me?.parentSpanId).toBe('');
    });

    it('are named in the lines of the log', () => {
      const line = requests.find(({ route }) => route === '/v1/posts');
      const [request] = named('POST /v1/posts');
      expect(line).toMatchObject({ trace_id: request!.traceId, span_id: request!.spanId });
      for (const each of requests) expect(each.trace_id).toMatch(/^[0-9a-f]{32}$/);
    });

    it('have no secret, no text of a user and no address in them', () => {
      const sent = collector.texts.join('\n');
      expect(sent).toContain('OutboxRepository.insert');
      expect(secrets.filter((secret) => sent.includes(secret))).toEqual([]);
      expect(sent).not.toMatch(/@example\.test|Bearer /);
    });

    it('load the SDK, which the test of the default would notice', () => {
      expect(errorLines).toContain('loads @opentelemetry/sdk-trace');
    });
  });

  it('to a collector that is away cost no request and no end, and are told of', async () => {
    const gone = await Collector.start();
    const { env } = gone;
    gone.close();
    const { lines } = await served(database, env, async (api) => {
      const me = await api.register();
      expect((await me.request('GET', '/v1/feed')).status).toBe(200);
    });
    expect(lines.some(({ msg }) => msg.startsWith('traces: '))).toBe(true);
  });
});
