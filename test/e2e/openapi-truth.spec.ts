import { randomBytes } from 'node:crypto';
import { PASSWORD, type Answer, type Member, type RequestOptions } from '../support/api-client.js';
import { BEYOND_BIGINT, outcome, UNKNOWN_ID, type Comment } from '../support/answers.js';
import {
  bodySchemaOf,
  documentedCodes,
  DocumentedAnswers,
  documentOf,
  routesOf,
  type OpenApiDocument,
  type Route,
} from '../support/openapi.js';
import { png, upload, uploadedInParts } from '../support/media.js';
import { TestApp } from '../support/test-app.js';

/** A request to an operation, made of what the document says about it. */
interface Request extends RequestOptions {
  member: Member;
  path: string;
}

interface BadRequest {
  what: string;
  change: (request: Request) => Request;
  /** What must come, where that is the same for every operation. */
  expected: RegExp;
}

/** Codes that no input brings about: other tests do, by too many requests and by services that are down. */
const NOT_BY_INPUT = ['RATE_LIMITED', 'DATABASE_UNAVAILABLE', 'SERVER_BUSY', 'STORAGE_UNAVAILABLE'];

/** Codes that are documented and take more than one request to see. */
const SEEN_ELSEWHERE: Record<string, string[]> = {
  // A cycle of tokens: api-auth.spec.ts.
  Auth_refresh: ['TOKEN_REUSED'],
};

describe('The running server and its OpenAPI document', () => {
  let app: TestApp;
  let document: OpenApiDocument;
  let answers: DocumentedAnswers;
  let bob: Member;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    document = documentOf(app);
    answers = new DocumentedAnswers(document);
    bob = await app.api.register();
  });
  afterAll(() => app?.close());

  const send = ({ member, path, ...options }: Request, method: string): Promise<Answer<unknown>> =>
    member.request<unknown>(method, path, options);

  /** Good input of an operation, for somebody who has just registered and owns what it is about. */
  async function goodRequest(route: Route): Promise<Request> {
    const member = await app.api.register();
    const post = await member.post();
    let path = route.path.replace('{username}', bob.session!.user.username);
    if (path.includes('/comments/{id}')) {
      const body = { content: 'a comment' };
      const comment = await member.request<Comment>('POST', `/v1/posts/${post.id}/comments`, { body });
      path = path.replace('{id}', comment.body.id);
    }
    path = path.replace('{id}', path.startsWith('/v1/posts') ? post.id : bob.id);
    const required = route.operation.parameters?.filter((one) => one.in === 'query' && one.required) ?? [];
    if (required.length > 0)
      path += `?${required.map(({ name, schema }) => `${name}=${String(schema.example)}`).join('&')}`;
    const begun = path.startsWith('/v1/media/multipart-uploads/') ? await uploadedInParts(member) : {};
    const body = exampleBody(route, member, begun);
    return { member, path, ...(body && { body }) };
  }

  /** The examples of the document, but for what depends on who asks. */
  function exampleBody(route: Route, member: Member, begun: object): Record<string, unknown> | undefined {
    const schema = bodySchemaOf(document, route);
    if (!schema) return undefined;
    const username = `x_${randomBytes(6).toString('hex')}`;
    const own: Record<string, unknown> = {
      username,
      email: `${username}@example.test`,
      login: member.session!.user.username,
      password: PASSWORD,
      currentPassword: PASSWORD,
      refreshToken: member.session!.refreshToken,
      mediaKeys: [],
      avatarKey: null,
      ...begun,
    };
    const fields = Object.entries(schema.properties!).filter(([name]) => name !== 'parentId');
    return Object.fromEntries(fields.map(([name, { example }]) => [name, name in own ? own[name] : example]));
  }

  /** Typical bad input, as far as an operation takes input of that kind. */
  function badRequests(route: Route): BadRequest[] {
    const { operation, path, method } = route;
    const cases: BadRequest[] = [];
    const add = (what: string, expected: RegExp, change: BadRequest['change']) =>
      cases.push({ what, expected, change });
    const query = (request: Request, text: string) => ({
      ...request,
      path: `${request.path}${request.path.includes('?') ? '&' : '?'}${text}`,
    });
    const raw =
      (rawBody: string, type = 'application/json') =>
      (request: Request): Request => {
        const { body: _, ...rest } = request;
        return { ...rest, rawBody, headers: { 'content-type': type } };
      };

    if (operation.security) {
      add('no token', /^401 UNAUTHENTICATED$/, (request) => ({ ...request, headers: { authorization: '' } }));
      add('a false token', /^401 UNAUTHENTICATED$/, (request) => ({ ...request, token: 'a.b.c' }));
    }
    if (path.includes('{id}')) {
      const id = (text: string) => (request: Request) => ({
        ...request,
        path: request.path.replace(/\d+/g, (digits, at) => (at > 3 ? text : digits)),
      });
      add('an id that is no number', /^400 VALIDATION_FAILED$/, id('abc'));
      add('an id above 2^63 - 1', /^400 VALIDATION_FAILED$/, id(BEYOND_BIGINT));
      add('an unknown id', /^404 [A-Z]+_NOT_FOUND$/, id(UNKNOWN_ID));
    }
    if (path.includes('{username}')) {
      add('an unknown username', /^404 USER_NOT_FOUND$/, (request) => ({
        ...request,
        path: path.replace('{username}', 'x'),
      }));
    }
    if (method !== 'GET') {
      add('malformed JSON', /^400 MALFORMED_JSON$/, raw('{"a":'));
      add('a prototype', /^400 MALFORMED_JSON$/, raw('{"__proto__":{"a":1}}'));
      add('another prototype', /^400 MALFORMED_JSON$/, raw('{"constructor":{"prototype":{"a":1}}}'));
      add('a form', /^415 UNSUPPORTED_MEDIA_TYPE$/, raw('a=b', 'application/x-www-form-urlencoded'));
      add('a huge body', /^413 PAYLOAD_TOO_LARGE$/, raw(JSON.stringify({ content: 'x'.repeat(100_000) })));
    }
    const schema = bodySchemaOf(document, route);
    if (schema) {
      const body = (change: (body: Record<string, unknown>) => unknown) => (request: Request) => ({
        ...request,
        body: change(request.body as Record<string, unknown>),
      });
      for (const wrong of [null, [], 'text', 7, true])
        add(
          `${JSON.stringify(wrong)} as body`,
          REFUSED,
          body(() => wrong),
        );
      add(
        'an unknown field',
        REFUSED,
        body((good) => ({ ...good, unknown: 1 })),
      );
      for (const name of schema.required ?? []) {
        add(
          `no ${name}`,
          REFUSED,
          body((good) => ({ ...good, [name]: undefined })),
        );
      }
      for (const [name, field] of Object.entries(schema.properties!)) {
        for (const wrong of [7, {}, ['x'], true]) {
          // It is of the right type.
          if (field.items?.type === 'string' && Array.isArray(wrong)) continue;
          if (field.type === 'integer' && typeof wrong === 'number') continue;
          add(
            `${JSON.stringify(wrong)} as ${name}`,
            REFUSED,
            body((good) => ({ ...good, [name]: wrong })),
          );
        }
        if (field.minLength)
          add(
            `an empty ${name}`,
            REFUSED,
            body((good) => ({ ...good, [name]: '' })),
          );
        if (field.maxLength) {
          const long = 'x'.repeat(field.maxLength + 1);
          add(
            `an overlong ${name}`,
            REFUSED,
            body((good) => ({ ...good, [name]: long })),
          );
        }
      }
    }
    const takes = (name: string) => operation.parameters?.some((one) => one.name === name);
    if (takes('limit')) {
      for (const limit of ['0', '101', '-1', '1.5', 'ten', '', '99999999999999999999']) {
        add(`a limit of "${limit}"`, REFUSED, (request) => query(request, `limit=${limit}`));
      }
      add('two limits', REFUSED, (request) => query(request, 'limit=1&limit=2'));
      add('an unknown parameter', REFUSED, (request) => query(request, 'offset=1'));
      for (const cursor of ['', '%20', 'nonsense', 'MTpub3RoaW5nOjE', 'AAAA']) {
        add(`the cursor "${cursor}"`, /^400 INVALID_CURSOR$/, (request) => query(request, `cursor=${cursor}`));
      }
      add('two cursors', REFUSED, (request) => query(request, 'cursor=a&cursor=b'));
      add('an overlong cursor', /^400 /, (request) => query(request, `cursor=${'a'.repeat(513)}`));
    }
    if (takes('Idempotency-Key')) {
      for (const key of ['a b', 'é', 'x'.repeat(256)]) {
        add('a bad Idempotency-Key', REFUSED, (request) => ({ ...request, headers: { 'idempotency-key': key } }));
      }
    }
    return cases;
  }

  const REFUSED = /^400 VALIDATION_FAILED$/;

  it('agree on every operation, on good and on bad input', async () => {
    const found: string[] = [];
    for (const route of routesOf(document)) {
      const { method, path, operation } = route;
      const seen = new Set<string>();
      const check = (what: string, answer: Answer<unknown>, expected: RegExp) => {
        const got = outcome(answer);
        seen.add(got.split(' ')[1] ?? got);
        const wrong = answers.differences(route, answer);
        if (!expected.test(got)) wrong.push(`it is ${got} and not ${expected.source}`);
        for (const difference of wrong) found.push(`${method} ${path} with ${what}: ${difference}`);
      };

      const request = await goodRequest(route);
      for (const { what, expected, change } of badRequests(route)) {
        check(what, await send(change(request), method), expected);
      }
      await special(route, request, check);
      check('good input', await send(request, method), /^2\d\d$/);

      const unseen = documentedCodes(route).filter(
        (code) => ![...seen, ...NOT_BY_INPUT, ...(SEEN_ELSEWHERE[operation.operationId] ?? [])].includes(code),
      );
      if (unseen.length > 0) found.push(`${method} ${path} never answered ${unseen.join(', ')}`);
    }
    expect(found).toEqual([]);
  });

  /** What needs more than a change of the request. */
  async function special(
    { method, path, operation }: Route,
    request: Request,
    check: (what: string, answer: Answer<unknown>, expected: RegExp) => void,
  ): Promise<void> {
    const body = request.body as Record<string, unknown>;
    const takes = (name: string) => operation.parameters?.some((one) => one.name === name);
    switch (operation.operationId) {
      case 'Auth_register':
        for (const field of ['username', 'email'] as const) {
          const taken = { ...body, [field]: bob.session!.user[field] };
          check(`a taken ${field}`, await send({ ...request, body: taken }, method), /^409 (USERNAME|EMAIL)_TAKEN$/);
        }
        break;
      case 'Auth_login':
      case 'Account_delete':
        check(
          'a wrong password',
          await send({ ...request, body: { ...body, password: 'wrong' } }, method),
          /^401 INVALID_CREDENTIALS$/,
        );
        break;
      case 'Account_changePassword':
        check(
          'a wrong password',
          await send({ ...request, body: { ...body, currentPassword: 'wrong' } }, method),
          /^401 INVALID_CREDENTIALS$/,
        );
        break;
      case 'Auth_refresh':
        check(
          'a false token',
          await send({ ...request, body: { refreshToken: 'made up' } }, method),
          /^401 UNAUTHENTICATED$/,
        );
        break;
      case 'Follows_follow':
      case 'Follows_unfollow':
        check(
          'oneself',
          await send({ ...request, path: path.replace('{id}', request.member.id) }, method),
          /^422 CANNOT_FOLLOW_SELF$/,
        );
        break;
      case 'Posts_create':
      case 'Users_edit':
      case 'Media_parts':
      case 'Media_complete':
      case 'Media_abort': {
        const named = (key: string) => {
          if (operation.operationId === 'Posts_create') return { mediaKeys: [key] };
          return operation.operationId === 'Users_edit' ? { avatarKey: key } : { key };
        };
        const [foreign] = await upload(bob, png());
        for (const [what, key, expected] of [
          ['a key of nobody', `media/${request.member.id}/x.png`, /^422 MEDIA_NOT_UPLOADED$/],
          ["somebody else's key", foreign!, /^422 MEDIA_REJECTED$/],
        ] as const) {
          check(what, await send({ ...request, body: { ...body, ...named(key) } }, method), expected);
        }
        break;
      }
      case 'Comments_create':
        check(
          'an unknown parent',
          await send({ ...request, body: { ...body, parentId: UNKNOWN_ID } }, method),
          /^404 COMMENT_NOT_FOUND$/,
        );
        break;
    }
    if (operation.responses['403']) {
      check('what is of somebody else', await send({ ...request, member: bob }, method), /^403 FORBIDDEN$/);
    }
    if (takes('If-None-Match')) {
      check('the version at hand', await send({ ...request, headers: { 'if-none-match': '*' } }, method), /^304$/);
    }
    if (takes('Idempotency-Key')) {
      const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
      check('a new key', await send({ ...request, headers }, method), /^201$/);
      const other = { ...request, headers, body: { content: 'something else' } };
      check('the key of another body', await send(other, method), /^422 IDEMPOTENCY_KEY_REUSED$/);
    }
    if (takes('limit')) {
      check(
        'the highest limit',
        await send({ ...request, path: `${request.path}${request.path.includes('?') ? '&' : '?'}limit=100` }, method),
        /^200$/,
      );
    }
  }
});
