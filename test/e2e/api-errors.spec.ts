import { randomBytes } from 'node:crypto';
import { request, type IncomingHttpHeaders } from 'node:http';
import { AppModule } from '../../src/app.module.js';
import { ERROR_STATUS } from '../../src/common/error-codes.js';
import { ApiClient, type Answer, type Member, type RequestOptions } from '../support/api-client.js';
import { BEYOND_BIGINT, outcome, UNKNOWN_ID } from '../support/answers.js';
import type { Problem } from '../support/contract.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';
import { testConfig, type TestEnv } from '../support/test-config.js';

const json = (rawBody: string): RequestOptions => ({ rawBody, headers: { 'content-type': 'application/json' } });

describe('Bad requests', () => {
  let app: TestApp;
  let member: Member;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    member = await app.api.register();
    await member.postMany(3);
    await member.request('POST', `/v1/posts/${(await member.post()).id}/comments`, { body: { content: 'x' } });
    await app.database.replicated();
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await app?.close();
  });

  async function instance(env: TestEnv): Promise<ApiClient> {
    const nest = await listen(AppModule, testConfig(app.database.name, env));
    closing.push(() => nest.close());
    return new ApiClient(urlOf(nest));
  }

  /** Whatever it is, it is an answer for clients: a problem that fits its status and tells nothing of the inside. */
  function expectProblem(answer: Answer<Problem>): void {
    const { body, status, headers } = answer;
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(status).toBe(ERROR_STATUS[body.code as keyof typeof ERROR_STATUS]);
    expect(body).toMatchObject({ status, requestId: headers.get('x-request-id') });
    expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d|SELECT|Error:|stack/);
  }

  describe('with a body', () => {
    it('of 10 MB are cut off with 413', async () => {
      const answer = await member.request('POST', '/v1/posts', { body: { content: 'x'.repeat(10_000_000) } });
      expect(outcome(answer)).toBe('413 PAYLOAD_TOO_LARGE');
      expectProblem(answer);
    });

    it.each<[string, string]>([
      ['nothing', ''],
      ['half an object', '{"content":"x"'],
      ['two objects', '{"content":"x"}{}'],
      ['single quotes', "{'content':'x'}"],
      ['a trailing comma', '{"content":"x",}'],
      ['NaN', '{"content":NaN}'],
      ['a comment', '{"content":"x"/**/}'],
      ['a raw line feed in a text', '{"content":"a\nb"}'],
      ['__proto__', '{"content":"x","__proto__":{"isAdmin":true}}'],
      ['an escaped __proto__', '{"content":"x","\\u005f_proto__":{"isAdmin":true}}'],
      ['a nested __proto__', '{"content":{"__proto__":{"isAdmin":true}}}'],
      ['constructor.prototype', '{"content":"x","constructor":{"prototype":{"isAdmin":true}}}'],
    ])('that is no JSON of ours are 400: %s', async (_, rawBody) => {
      const answer = await member.request('POST', '/v1/posts', json(rawBody));
      expect(outcome(answer)).toBe('400 MALFORMED_JSON');
      expectProblem(answer);
    });

    it.each(['constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf', '__defineGetter__', ''])(
      'with a field that objects have by themselves are 400: "%s"',
      async (field) => {
        const answer = await member.request('POST', '/v1/posts', { body: { content: 'x', [field]: 'y' } });
        expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
        expectProblem(answer);
        expect(answer.body.errors).toHaveLength(1);
      },
    );

    it('of no bytes at all are none, where none is taken', async () => {
      const other = await app.api.register();
      const { id } = await other.post();
      for (const [method, path, status] of [
        ['PUT', `/v1/users/${other.id}/follow`, '204'],
        ['DELETE', `/v1/users/${other.id}/follow`, '204'],
        ['PUT', `/v1/posts/${id}/like`, '200'],
        ['DELETE', `/v1/posts/${id}/like`, '200'],
      ] as const) {
        const answer = await member.request(method, path, json(''));
        expect([method, path, outcome(answer)]).toEqual([method, path, status]);
      }
      const mine = await member.post();
      expect(outcome(await member.request('DELETE', `/v1/posts/${mine.id}`, json('')))).toBe('204');
      for (const [method, path] of [
        ['PATCH', '/v1/users/me'],
        ['DELETE', '/v1/users/me'],
        ['POST', '/v1/auth/login'],
      ] as const) {
        const answer = await member.request(method, path, json(''));
        expect([path, outcome(answer)]).toEqual([path, '400 MALFORMED_JSON']);
        expectProblem(answer);
      }
    });

    it('that is nested 10,000 levels deep are 400', async () => {
      const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
      for (const body of [deep, `{"content":${deep}}`]) {
        const answer = await member.request('POST', '/v1/posts', json(body));
        expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
      }
    });

    it.each([
      'text/plain',
      'text/json',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'x',
    ])('of the type %s are 415', async (type) => {
      const options = { rawBody: '{"content":"x"}', headers: { 'content-type': type } };
      const answer = await member.request('POST', '/v1/posts', options);
      expect(outcome(answer)).toBe('415 UNSUPPORTED_MEDIA_TYPE');
      expectProblem(answer);
    });

    it('may say its character set', async () => {
      const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
      expect(outcome(await member.request('POST', '/v1/posts', { rawBody: '{"content":"x"}', headers }))).toBe('201');
    });
  });

  describe('with an id', () => {
    const PATHS = ['/v1/users/:id', '/v1/users/:id/posts', '/v1/posts/:id', '/v1/posts/:id/likes', '/v1/comments/:id'];

    it.each([
      BEYOND_BIGINT,
      '99999999999999999999',
      '0',
      '-1',
      '1.0',
      '1e3',
      '0x1',
      '٣',
      'null',
      '%20',
      '1%20',
      '1%0A',
    ])('that no row can have are 400: %s', async (id) => {
      for (const path of PATHS) {
        const answer = await member.request('GET', path.replace(':id', id));
        expect([path, outcome(answer)]).toEqual([path, '400 VALIDATION_FAILED']);
        expect(answer.body.errors?.map((error) => error.field)).toEqual(['id']);
      }
    });

    it.each([20, 101, 10_000])('of %i digits are 400', async (digits) => {
      for (const path of PATHS) {
        const answer = await member.request('GET', path.replace(':id', '1'.repeat(digits)));
        expect([path, outcome(answer)]).toEqual([path, '400 VALIDATION_FAILED']);
        expectProblem(answer);
      }
    });

    it.each(['1', UNKNOWN_ID])('that no row has are 404: %s', async (id) => {
      for (const path of PATHS) {
        const answer = await member.request('GET', path.replace(':id', id));
        expect([path, answer.status]).toEqual([path, 404]);
        expectProblem(answer);
      }
    });
  });

  describe('to an address', () => {
    it.each<[string, string]>([
      ['/v1/users/%2531', '400 VALIDATION_FAILED'],
      ['/v1/posts/..%2Fusers%2Fme', '400 VALIDATION_FAILED'],
      ['/v1/posts/%252e%252e', '400 VALIDATION_FAILED'],
      ['/v1/users/by-username/..%2F..%2Fme', '404 USER_NOT_FOUND'],
      ['/v1/users/by-username/%252F', '404 USER_NOT_FOUND'],
      ['/v1//users/me', '404 ROUTE_NOT_FOUND'],
      ['/v1/users/me/', '404 ROUTE_NOT_FOUND'],
      ['/V1/users/me', '404 ROUTE_NOT_FOUND'],
      ['/v2/users/me', '404 ROUTE_NOT_FOUND'],
      ['/v1/users/%', '400 BAD_REQUEST'],
      ['/v1/users/%ff', '400 BAD_REQUEST'],
      [`/v1/users/by-username/${'x'.repeat(101)}`, '404 USER_NOT_FOUND'],
    ])('%s is %s', async (path, expected) => {
      const answer = await member.request('GET', path);
      expect(outcome(answer)).toBe(expected);
      expectProblem(answer);
    });

    it('that is longer than a head may be is 431', async () => {
      const answer = await member.request('GET', `/v1/posts/${'1'.repeat(20_000)}`);
      expect(outcome(answer)).toBe('431 HEADERS_TOO_LARGE');
      expectProblem(answer);
    });

    it.each(['POST', 'DELETE', 'PUT', 'PATCH'])('with a method that it does not have is 404: %s', async (method) => {
      const answer = await member.request(method, '/v1/feed');
      expect(outcome(answer)).toBe('404 ROUTE_NOT_FOUND');
      expectProblem(answer);
    });
  });

  describe('for a page', () => {
    const lists = () => ({
      posts: `/v1/users/${member.id}/posts`,
      followers: `/v1/users/${member.id}/followers`,
      following: `/v1/users/${member.id}/following`,
      search: '/v1/users?query=t_',
      feed: '/v1/feed',
    });
    const withQuery = (path: string, query: string) => `${path}${path.includes('?') ? '&' : '?'}${query}`;

    it.each(['0', '-1', '-100', '101', '1.5', '1e1', '+1', '', '%20', 'NaN', '0x10', '9'.repeat(30), '١'])(
      'of "%s" items are 400',
      async (limit) => {
        for (const path of Object.values(lists())) {
          const answer = await member.request('GET', withQuery(path, `limit=${limit}`));
          expect([path, outcome(answer)]).toEqual([path, '400 VALIDATION_FAILED']);
          expect(answer.body.errors?.map((error) => error.field)).toEqual(['limit']);
        }
      },
    );

    it.each(['1', '100', '007'])('of %s items are answered', async (limit) => {
      for (const path of Object.values(lists())) {
        expect([path, outcome(await member.request('GET', withQuery(path, `limit=${limit}`)))]).toEqual([path, '200']);
      }
    });

    it.each([
      'limit=1&limit=2',
      'cursor=a&cursor=b',
      'limit[]=1',
      'limit[a]=1',
      'offset=1',
      '__proto__=1',
      'constructor=1',
    ])('that ask for %s are 400', async (query) => {
      for (const path of Object.values(lists())) {
        const answer = await member.request('GET', withQuery(path, query));
        expect([path, outcome(answer)]).toEqual([path, '400 VALIDATION_FAILED']);
      }
    });

    it('with a cursor of another list are 400', async () => {
      await member.post();
      await app.database.replicated();
      const cursors = await Promise.all(
        [lists().posts, lists().feed, '/v1/users?query=t_'].map(async (path) => {
          if (path.includes('query')) await app.api.register();
          await app.database.replicated();
          return (await member.get<{ nextCursor: string }>(withQuery(path, 'limit=1'))).nextCursor;
        }),
      );
      expect(cursors.every((cursor) => typeof cursor === 'string')).toBe(true);
      const [posts, feed, search] = cursors as [string, string, string];
      for (const [path, foreign] of [
        [lists().posts, [feed, search]],
        [lists().feed, [posts, search]],
        [lists().search, [posts, feed]],
        [lists().followers, cursors],
      ] as const) {
        for (const cursor of foreign) {
          const answer = await member.request('GET', withQuery(path, `cursor=${cursor}`));
          expect([path, outcome(answer)]).toEqual([path, '400 INVALID_CURSOR']);
        }
      }
    });

    it('with a broken cursor are 400', async () => {
      const own = (await member.get<{ nextCursor: string }>(`${lists().posts}?limit=1`)).nextCursor;
      const decoded = Buffer.from(own, 'base64url').toString();
      const forged = (text: string) => Buffer.from(text).toString('base64url');
      const broken = [
        `${own}AAAA`,
        forged(decoded.replace(/^1/, '2')),
        forged(decoded.replace(/\d+$/, BEYOND_BIGINT)),
        forged(decoded.replace(/\d+$/, '-1')),
        forged(decoded.replace(/\d+$/, '1 OR 1=1')),
        forged(`${decoded}:1`),
        '%00',
        '..',
        'a'.repeat(512),
      ];
      for (const cursor of broken) {
        const answer = await member.request('GET', `${lists().posts}?cursor=${cursor}`);
        expect([cursor, outcome(answer)]).toEqual([cursor, '400 INVALID_CURSOR']);
      }
    });
  });

  it('with headers that are too large are refused', async () => {
    const response = await fetch(`${app.api.url}/v1/users/me`, { headers: { 'x-large': 'x'.repeat(40_000) } });
    expect(response.status).toBe(431);
  });

  it('make links from PUBLIC_URL and never from the Host header', async () => {
    const api = await instance({ PUBLIC_URL: 'https://sns.example.test/' });
    const answer = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      const url = new URL(`${api.url}/v1/users/${member.id}/posts?limit=1`);
      const headers = {
        host: 'evil.example.test',
        'x-forwarded-host': 'evil.example.test',
        authorization: `Bearer ${member.token}`,
      };
      request(url, { headers }, (response) => resolve(response.resume().headers))
        .on('error', reject)
        .end();
    });
    expect(answer.link).toMatch(
      new RegExp(`^<https://sns\\.example\\.test/v1/users/${member.id}/posts\\?limit=1&cursor=[\\w-]+>; rel="next"$`),
    );
    const headers = { 'x-forwarded-host': 'evil.example.test', 'idempotency-key': randomBytes(8).toString('hex') };
    const options = { token: member.token, headers, body: { content: 'x' } };
    const posted = await api.expect<{ id: string }>(201, 'POST', '/v1/posts', options);
    expect(posted.headers.get('location')).toBe(`https://sns.example.test/v1/posts/${posted.body.id}`);
  });

  describe('of browsers', () => {
    const origin = 'https://app.example.test';
    const preflight = (api: ApiClient, from: string) =>
      api.request('OPTIONS', '/v1/posts', {
        headers: {
          origin: from,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,idempotency-key',
        },
      });

    it('from the configured origins are let through, with the headers they need', async () => {
      const api = await instance({ CORS_ORIGINS: `https://other.example.test,${origin}` });
      const asked = await preflight(api, origin);
      expect(asked.status).toBe(204);
      expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
      expect(asked.headers.get('access-control-allow-methods')).toMatch(/POST/);
      expect(asked.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('idempotency-key');
      const answer = await api.request('GET', '/v1/users/me', { token: member.token, headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('vary')).toMatch(/origin/i);
      for (const name of ['ETag', 'Link', 'Location', 'RateLimit', 'Retry-After', 'X-Request-Id']) {
        expect(answer.headers.get('access-control-expose-headers')).toContain(name);
      }
      const failed = await api.request('GET', '/v1/users/me', { headers: { origin } });
      expect([failed.status, failed.headers.get('access-control-allow-origin')]).toEqual([401, origin]);
    });

    it('from other origins get nothing that their scripts can read', async () => {
      const api = await instance({ CORS_ORIGINS: origin });
      for (const other of ['https://evil.example.test', `${origin}.evil.test`, 'http://app.example.test', 'null']) {
        for (const answer of [
          await preflight(api, other),
          await api.request('GET', '/v1/users/me', { token: member.token, headers: { origin: other } }),
        ]) {
          expect([other, answer.headers.get('access-control-allow-origin')]).not.toEqual([other, other]);
          expect(answer.headers.get('access-control-allow-origin')).not.toBe('*');
        }
      }
    });

    it('are told nothing where no origin is configured', async () => {
      const answer = await app.api.request('GET', '/health/live', { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(outcome(await preflight(app.api, origin))).toBe('404 ROUTE_NOT_FOUND');
    });

    it('are protected from mistaking an answer for something else', async () => {
      const { headers } = await app.api.request('GET', '/v1/users/me');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'self'/);
      expect(headers.get('x-powered-by')).toBeNull();
    });
  });

  it('tell nobody of what belongs to others', async () => {
    const other = await app.api.register();
    const me = await other.get<Record<string, unknown>>('/v1/users/me');
    const { email, ...seen } = me;
    expect(await member.get(`/v1/users/${other.id}`)).toEqual(seen);
    const search = await member.request('GET', `/v1/users?query=${String(seen.username)}`);
    expect(search.text).not.toContain(String(email));
    expect(await member.get(`/v1/users?query=${encodeURIComponent(String(email))}`)).toEqual({
      items: [],
      nextCursor: null,
    });
  });
});
