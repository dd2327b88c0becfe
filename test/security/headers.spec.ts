import { request } from 'node:http';
import type { Answer, Member } from '../support/api-client.js';
import { EveryRoute } from '../support/every-route.js';
import { documentOf, routesOf } from '../support/openapi.js';
import { TestApp } from '../support/test-app.js';

/** What every answer says to browsers, whatever it is. */
const ALWAYS: Record<string, RegExp> = {
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^(SAMEORIGIN|DENY)$/,
  'strict-transport-security': /^max-age=\d{7,}/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'content-security-policy': /default-src 'self'.*frame-ancestors 'self'.*object-src 'none'/,
};
/** What no answer says: of what the service is made. */
const NEVER = ['server', 'x-powered-by', 'via', 'x-aspnet-version', 'set-cookie'];

/** Origins and preflights are tried in `e2e/api-errors.spec.ts`. */
describe('Headers of answers (OWASP API8)', () => {
  let app: TestApp;
  let me: Member;
  let every: EveryRoute;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    me = await app.api.register();
    every = await EveryRoute.create(app.database, app.api);
  });
  afterAll(() => app?.close());

  function differences({ headers }: Answer<unknown>): string[] {
    const missing = Object.entries(ALWAYS).filter(([name, value]) => !value.test(headers.get(name) ?? ''));
    const said = NEVER.filter((name) => headers.has(name));
    return [...missing.map(([name]) => `no good ${name}: ${headers.get(name)}`), ...said];
  }

  it('protect browsers, on answers of every kind', async () => {
    const answers: Record<string, Answer<unknown>> = {
      'a good one': await me.request('GET', '/v1/users/me'),
      'an unchanged one': await me.request('GET', '/v1/users/me', { headers: { 'if-none-match': '*' } }),
      'without a token': await app.api.request('GET', '/v1/users/me'),
      'of nothing': await me.request('GET', '/v1/posts/9223372036854775807'),
      'of no route': await app.api.request('GET', '/nothing'),
      'to a bad body': await app.api.request('POST', '/v1/posts', {
        rawBody: '{',
        headers: { 'content-type': 'application/json' },
      }),
      'to a form': await app.api.request('POST', '/v1/posts', {
        rawBody: 'a',
        headers: { 'content-type': 'text/plain' },
      }),
      'to a large body': await me.request('POST', '/v1/posts', { body: { content: 'x'.repeat(100_000) } }),
      'without content': await me.request('PUT', `/v1/users/${every.author.id}/follow`),
      'of health': await app.api.request('GET', '/health/live'),
      'of metrics': await app.api.request('GET', '/metrics'),
    };
    const found = Object.entries(answers).flatMap(([what, answer]) =>
      differences(answer).map((difference) => `${what} (${answer.status}): ${difference}`),
    );
    expect(found).toEqual([]);
  });

  it('keep browsers from running answers that are given before any route is looked for', async () => {
    const answers = [
      await app.api.request('GET', '/v1/users/%E0%A4%A'),
      await app.api.request('GET', '/v1/users/me', { headers: { 'x-large': 'x'.repeat(40_000) } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 431]);
    for (const { headers, body } of answers) {
      expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(body.requestId).toBe(headers.get('x-request-id'));
      for (const name of NEVER) expect(headers.has(name)).toBe(false);
    }
  });

  it('keep what depends on the reader out of every cache, on every route', async () => {
    const found: string[] = [];
    for (const { method, path } of routesOf(documentOf(app))) {
      const name = `${method} ${path}`;
      const reader = await app.api.register();
      const input = every.gets[name] ? { path: every.gets[name], body: undefined } : await every.writes[name]!(reader);
      const answer = await reader.request(method, input.path, { body: input.body });
      const kept = answer.headers.get('cache-control');
      if (answer.text !== '' && kept !== 'private, no-store') found.push(`${name} (${answer.status}): ${kept}`);
    }
    expect(found).toEqual([]);
  });

  it('name one type of content, which is never one that browsers run', async () => {
    const script = '<script>alert(1)</script>';
    await me.post(script);
    const page = await me.request('GET', `/v1/users/${me.id}/posts`, { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const nothing = await me.request('GET', `/${encodeURIComponent(script)}`, { headers: { accept: 'text/html' } });
    expect(nothing.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(nothing.text).not.toContain(script);
  });

  it('let nobody make the service echo a request with its token (TRACE)', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${me.token}` };
      request(`${app.api.url}/v1/users/me`, { method: 'TRACE', headers }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect([404, 405, 501, 400]).toContain(status);
  });
});
