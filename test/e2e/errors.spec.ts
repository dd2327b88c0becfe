import type { Member, RequestOptions } from '../support/api-client.js';
import { TestApp } from '../support/test-app.js';

const BEYOND_BIGINT = '9223372036854775808';
const UNKNOWN_ID = '9223372036854775807';

describe('Error answers', () => {
  let app: TestApp;
  let member: Member;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    member = await app.api.register();
  });
  afterAll(() => app?.close());

  type Case = [what: string, status: number, code: string, method: string, path: string, options?: RequestOptions];

  it.each<Case>([
    ['an unknown user', 404, 'USER_NOT_FOUND', 'GET', `/v1/users/${UNKNOWN_ID}`],
    ['a follow of an unknown user', 404, 'USER_NOT_FOUND', 'PUT', `/v1/users/${UNKNOWN_ID}/follow`],
    ['an unfollow of an unknown user', 404, 'USER_NOT_FOUND', 'DELETE', `/v1/users/${UNKNOWN_ID}/follow`],
    ['an unknown post', 404, 'POST_NOT_FOUND', 'GET', `/v1/posts/${UNKNOWN_ID}`],
    ['an id above 2^63 - 1', 400, 'VALIDATION_FAILED', 'GET', `/v1/posts/${BEYOND_BIGINT}`],
    ['an id that is no number', 400, 'VALIDATION_FAILED', 'GET', '/v1/users/abc'],
    ['an id with a leading zero', 400, 'VALIDATION_FAILED', 'GET', '/v1/posts/01'],
    ['an unknown route', 404, 'ROUTE_NOT_FOUND', 'GET', '/v1/nothing'],
    ['an unknown route outside the version', 404, 'ROUTE_NOT_FOUND', 'GET', '/'],
    ['broken percent-encoding', 400, 'BAD_REQUEST', 'GET', '/v1/users/%E0%A4%A'],
    ['an empty post', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts', { body: { content: '' } }],
    ['a blank post', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts', { body: { content: ' \n ' } }],
    [
      'a post of 2,201 characters',
      400,
      'VALIDATION_FAILED',
      'POST',
      '/v1/posts',
      { body: { content: 'x'.repeat(2_201) } },
    ],
    ['a post without content', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts', { body: {} }],
    ['an unknown field', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts', { body: { content: 'x', likes: 9 } }],
    ['a list as body', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts', { body: [] }],
    ['a text as body', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts', { body: 'text' }],
    ['null as body', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts', { body: null }],
    ['no body', 400, 'VALIDATION_FAILED', 'POST', '/v1/posts'],
    ['malformed JSON', 400, 'MALFORMED_JSON', 'POST', '/v1/posts', json('{"content":')],
    ['an empty body that claims to be JSON', 400, 'MALFORMED_JSON', 'POST', '/v1/posts', json('')],
    ['prototype poisoning', 400, 'MALFORMED_JSON', 'POST', '/v1/posts', json('{"content":"x","__proto__":{"a":1}}')],
    [
      'a form',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      'POST',
      '/v1/posts',
      typed('application/x-www-form-urlencoded', 'content=x'),
    ],
    ['XML', 415, 'UNSUPPORTED_MEDIA_TYPE', 'POST', '/v1/posts', typed('application/xml', '<content/>')],
    ['a body of 100 kB', 413, 'PAYLOAD_TOO_LARGE', 'POST', '/v1/posts', { body: { content: 'x'.repeat(100_000) } }],
    ['a limit of 0', 400, 'VALIDATION_FAILED', 'GET', '/v1/feed?limit=0'],
    ['a limit of 101', 400, 'VALIDATION_FAILED', 'GET', '/v1/feed?limit=101'],
    ['a limit that is no number', 400, 'VALIDATION_FAILED', 'GET', '/v1/feed?limit=ten'],
    ['two limits', 400, 'VALIDATION_FAILED', 'GET', '/v1/feed?limit=1&limit=2'],
    ['an unknown query parameter', 400, 'VALIDATION_FAILED', 'GET', '/v1/feed?page=2'],
    ['a cursor of nobody', 400, 'INVALID_CURSOR', 'GET', '/v1/feed?cursor=nonsense'],
  ])('%s is %i %s', async (_, status, code, method, path, options = {}) => {
    const answer = await member.request(method, path, options);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const { errors, ...problem } = answer.body;
    expect(Array.isArray(errors)).toBe(code === 'VALIDATION_FAILED');
    expect(problem).toEqual({
      type: `urn:sns:problem:${code.toLowerCase().replaceAll('_', '-')}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      code,
      requestId: answer.headers.get('x-request-id'),
    });
  });

  it('says that nobody can follow themself', async () => {
    const answer = await member.request('PUT', `/v1/users/${member.id}/follow`);
    expect([answer.status, answer.body.code]).toEqual([422, 'CANNOT_FOLLOW_SELF']);
  });

  it('names every broken field of a request at once', async () => {
    const body = { username: 'x', email: 'y', password: 'z', more: 1 };
    const answer = await app.api.request('POST', '/v1/auth/register', { body });
    expect(answer.body.errors?.map(({ field }) => field).sort()).toEqual(['email', 'more', 'password', 'username']);
  });

  it('is never a 500 when the text is odd but valid', async () => {
    for (const content of ['𝕏'.repeat(2_200), "'; DROP TABLE posts; --", '👩‍👩‍👧‍👦', 'مرحبا', '\t\n.']) {
      const { body } = await app.api.expect<{ content: string }>(201, 'POST', '/v1/posts', {
        token: member.token,
        body: { content },
      });
      expect(body.content).toBe(content);
    }
  });

  it.each(['a\u0000b', 'a\u001bb', 'a\rb', '\ud800', 'a\u0085b'])(
    'refuses control characters and halves of characters: %j',
    async (content) => {
      const answer = await member.request('POST', '/v1/posts', { body: { content } });
      expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    },
  );

  it('answers 401 to a token whose account does not exist any more', async () => {
    const gone = await app.api.register();
    await app.database.execute('DELETE FROM users WHERE id = ?', [gone.id]);
    const answer = await gone.request('POST', '/v1/posts', { body: { content: 'x' } });
    expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  describe('X-Request-Id', () => {
    it('is the one of the client when it is harmless', async () => {
      const id = `Abc.123_-${'x'.repeat(55)}`;
      const answer = await member.request('GET', '/v1/users/abc', { headers: { 'x-request-id': id } });
      expect(answer.headers.get('x-request-id')).toBe(id);
      expect(answer.body.requestId).toBe(id);
    });

    it.each(['x'.repeat(65), 'with space', '"quoted"'])('is a new one in place of %j', async (id) => {
      const answer = await member.request('GET', '/v1/users/me', { headers: { 'x-request-id': id } });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('is on answers that no route gave', async () => {
      for (const path of ['/v1/nothing', '/v1/users/%E0%A4%A', '/health/live']) {
        const answer = await app.api.request('GET', path, { headers: { 'x-request-id': 'mine' } });
        expect(answer.headers.get('x-request-id')).toBe('mine');
      }
    });
  });
});

function json(rawBody: string): RequestOptions {
  return typed('application/json', rawBody);
}

function typed(contentType: string, rawBody: string): RequestOptions {
  return { rawBody, headers: { 'content-type': contentType } };
}
