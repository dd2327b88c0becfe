import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { PASSWORD, type Answer, type Member, type RequestOptions } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import type { Post } from '../support/contract.js';
import { EveryRoute } from '../support/every-route.js';
import { bodySchemaOf, documentOf, resolve, routesOf, type OpenApiDocument, type Route } from '../support/openapi.js';
import { startProcess } from '../support/processes.js';
import { TestApp } from '../support/test-app.js';
import { testEnv } from '../support/test-config.js';

/** Would each do something if it were ever read as a statement; SLEEP would take longer than {@link SLOW_MS}. */
const STATEMENTS = [
  "'",
  '"',
  '\\',
  "' OR '1'='1",
  "' OR 1=1 -- ",
  "'; DROP TABLE posts; -- ",
  "' UNION SELECT password_hash FROM users -- ",
  "' AND SLEEP(5) AND 'a'='a",
  '1) OR SLEEP(5)#',
  '%',
  '_',
  "\\' OR 1=1 -- ",
  '\u00bf\u0027 OR 1=1 -- ',
  '${7*7}{{7*7}}<%= 7*7 %>',
  '$(sleep 5)`sleep 5`;sleep 5',
  "'; return redis.call('flushall') -- ",
  '../../../../etc/passwd',
  '<script>alert(1)</script>',
];
const SLOW_MS = 4_000;
const KEPT = ['users', 'posts', 'comments', 'likes', 'follows', 'refresh_tokens'];

async function timed(send: () => Promise<Answer<unknown>>): Promise<{ answer: Answer<unknown>; tookMs: number }> {
  const begunMs = performance.now();
  const answer = await send();
  return { answer, tookMs: Math.round(performance.now() - begunMs) };
}

describe('What is data is never read as something else (injection)', () => {
  let app: TestApp;
  let document: OpenApiDocument;
  let every: EveryRoute;

  beforeAll(async () => {
    app = await TestApp.start();
    document = documentOf(app);
    every = await EveryRoute.create(app.database, app.api);
  });
  afterAll(() => app?.close());

  const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
  const inputOf = async (route: Route, me: Member) =>
    every.gets[nameOf(route)]
      ? { path: every.gets[nameOf(route)]!, body: undefined }
      : every.writes[nameOf(route)]!(me);

  /** Requests to a route with a text in the place of every text that it takes, one after the other. */
  async function requestsWith(
    route: Route,
    text: string,
    me: Member,
  ): Promise<[what: string, path: string, RequestOptions][]> {
    const { path, body } = await inputOf(route, me);
    const encoded = encodeURIComponent(text);
    const requests: [string, string, RequestOptions][] = [];
    const inPath = /\{(id|username)\}/.exec(route.path)?.[1];
    if (inPath) requests.push([inPath, route.path.replace(`{${inPath}}`, encoded), { body }]);
    for (const { name, in: place } of route.operation.parameters ?? []) {
      const [address, query] = path.split('?') as [string, string?];
      const others = (query ?? '').split('&').filter((part) => part !== '' && !part.startsWith(`${name}=`));
      if (place === 'query')
        requests.push([name, `${address}?${[...others, `${name}=${encoded}`].join('&')}`, { body }]);
      if (place === 'header' && /^[\x20-\x7e]*$/.test(text))
        requests.push([name, path, { body, headers: { [name]: text } }]);
    }
    for (const [name, field] of Object.entries(bodySchemaOf(document, route)?.properties ?? {})) {
      const value = field.items?.$ref
        ? [Object.fromEntries(Object.keys(resolve(document, field.items).properties!).map((key) => [key, text]))]
        : field.items
          ? [text]
          : text;
      requests.push([name, path, { body: { ...(body as object), [name]: value } }]);
    }
    return requests;
  }

  it('SQL, Lua, shell and templates in every text of every route, in the address, the query, headers and bodies', async () => {
    const found: string[] = [];
    for (const route of routesOf(document)) {
      // Whose password a request checks or hashes takes a while; the texts that differ most are enough for those.
      const hashes = /auth\/(register|login)|password$|^DELETE \/v1\/users\/me/.test(nameOf(route));
      const texts = hashes ? STATEMENTS.slice(3, 9) : STATEMENTS;
      const me = await app.api.register();
      for (const text of texts) {
        for (const [what, path, options] of await requestsWith(route, text, me)) {
          const send = (): Promise<Answer<unknown>> => me.request(route.method, path, options);
          const { answer, tookMs } = await timed(send);
          const label = `${nameOf(route)} with ${JSON.stringify(text)} as ${what}: ${outcome(answer)}`;
          if (answer.status >= 500) found.push(label);
          // A busy machine is slow once, a statement that sleeps is slow each time.
          if (tookMs > SLOW_MS && (await timed(send)).tookMs > SLOW_MS) found.push(`${label} after ${tookMs} ms`);
          if (/\$argon2|SQL syntax|\bER_[A-Z_]+/.test(answer.text)) found.push(`${label} tells of the inside`);
        }
        // Some of these log out or change the password; whoever that was is replaced.
        const still = await me.request('GET', '/v1/users/me');
        if (still.status !== 200) Object.assign(me, await app.api.register());
      }
    }
    expect(found).toEqual([]);
    for (const table of KEPT) expect((await app.database.query(`SELECT 1 FROM ${table} LIMIT 1`)).length).toBe(1);
  }, 240_000);

  it.each(STATEMENTS)('a text is kept as it was written, and found by what it is: %s', async (text) => {
    const me = await app.api.register({ displayName: text });
    const post = await me.post(text);
    await app.database.replicated();
    expect((await me.get<Post>(`/v1/posts/${post.id}`)).content).toBe(text);
    expect((await me.user(me.id)).displayName).toBe(text);
    const found = await me.get<{ items: { displayName: string }[] }>(`/v1/users?query=${encodeURIComponent(text)}`);
    // As text, and not as a pattern: nobody is found whose name does not begin so.
    expect(found.items.length).toBeGreaterThanOrEqual(1);
    for (const { displayName } of found.items) expect(displayName.startsWith(text)).toBe(true);
  });

  describe('line ends', () => {
    /** Sends bytes as they are. @returns all that comes back */
    const raw = (bytes: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(app.api.url);
        let text = '';
        const socket = connect(Number(port), hostname, () => socket.end(bytes));
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        socket.once('close', () => resolve(text));
        socket.once('error', reject);
      });

    it('in what comes back in headers make no headers', async () => {
      const me = await app.api.register();
      const evil = 'x\r\nSet-Cookie: evil=1\r\nX-Evil: 1';
      const encoded = encodeURIComponent(evil);
      for (const [method, path, options] of [
        ['GET', `/v1/feed?cursor=${encoded}`, {}],
        ['GET', `/v1/users/${encoded}`, {}],
        ['GET', `/v1/users?query=${encoded}&limit=1`, {}],
        ['GET', `/${encoded}`, {}],
        ['POST', '/v1/posts', { body: { content: evil } }],
      ] as const) {
        const { headers } = await me.request(method, path, options);
        expect([path, headers.get('x-evil'), headers.get('set-cookie')]).toEqual([path, null, null]);
      }
      for (const name of ['X-Request-Id', 'Idempotency-Key', 'Origin', 'Host']) {
        const text = await raw(
          `GET /v1/users/me HTTP/1.1\r\nHost: a\r\n${name}: x\rX-Evil: 1\r\nConnection: close\r\n\r\n`,
        );
        expect([name, /^X-Evil/im.test(text)]).toEqual([name, false]);
      }
    });

    it('make no second request of one (smuggling)', async () => {
      const me = await app.api.register();
      const authorization = `Authorization: Bearer ${me.token}`;
      const smuggled = `DELETE /v1/posts/1 HTTP/1.1\r\nHost: a\r\n\r\n`;
      for (const lengths of [
        'Content-Length: 0\r\nTransfer-Encoding: chunked',
        'Content-Length: 5\r\nContent-Length: 0',
        'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
        'Transfer-Encoding : chunked',
        'Content-Length: +0',
      ]) {
        const text = await raw(
          `POST /v1/posts HTTP/1.1\r\nHost: a\r\n${authorization}\r\nContent-Type: application/json\r\n${lengths}\r\n\r\n0\r\n\r\n${smuggled}`,
        );
        expect([lengths, text.match(/^HTTP\/1\.1 \d+/gm)]).toEqual([lengths, ['HTTP/1.1 400']]);
      }
    });

    it('make no line in the log', async () => {
      const process = await (await startProcess('main', testEnv(app.database.name))).ready();
      const forged = '{"level":"info","msg":"forged"}';
      const line = encodeURIComponent(`\n${forged}\n`);
      const headers = { 'user-agent': 'x', referer: 'x', 'x-request-id': forged, 'x-forwarded-for': forged };
      try {
        for (const path of [
          `/v1/users/${line}`,
          `/${line}`,
          `/v1/users/by-username/${line}`,
          `/v1/feed?cursor=${line}`,
        ]) {
          await fetch(`${process.url}${path}`, { headers });
        }
        const body = JSON.stringify({ login: `\n${forged}\n`, password: PASSWORD });
        const json = { 'content-type': 'application/json' };
        await fetch(`${process.url}/v1/auth/login`, { method: 'POST', headers: json, body });
      } finally {
        await process.stop('SIGTERM');
      }
      const lines = process.lines.map((text) => JSON.parse(text) as { msg: string; path?: string });
      expect(lines.filter(({ msg }) => msg === 'request').length).toBeGreaterThanOrEqual(5);
      expect(lines.filter(({ msg }) => msg === 'forged')).toEqual([]);
    });
  });

  describe('prototypes', () => {
    it('are not touched by bodies, queries or ids', async () => {
      const me = await app.api.register();
      const json = { 'content-type': 'application/json' };
      const bodies = [
        '{"content":"x","__proto__":{"polluted":true}}',
        '{"content":"x","constructor":{"prototype":{"polluted":true}}}',
        '{"content":"x","mediaKeys":{"__proto__":{"polluted":true}}}',
        '[{"__proto__":{"polluted":true}}]',
      ];
      for (const rawBody of bodies) {
        for (const path of ['/v1/posts', '/v1/auth/login', '/v1/auth/register', '/v1/media/uploads']) {
          const answer = await me.request('POST', path, { rawBody, headers: json });
          expect([path, rawBody, answer.status]).toEqual([path, rawBody, 400]);
        }
      }
      for (const query of [
        '__proto__[polluted]=1',
        '__proto__.polluted=1',
        'constructor[prototype][polluted]=1',
        '__proto__=1',
      ]) {
        expect([query, (await me.request('GET', `/v1/feed?${query}`)).status]).toEqual([query, 400]);
        await me.request('GET', `/v1/users?query=x&${query}`);
      }
      // The API runs in this process: what it did to objects would be seen here.
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      expect(Object.keys(Object.prototype)).toEqual([]);
    });

    it.each(['__proto__', 'constructor', 'toString', 'hasownproperty'])(
      'have names that users may have: %s',
      async (name) => {
        const taken = { username: name, email: `${randomBytes(4).toString('hex')}@example.test`, password: PASSWORD };
        const answer = await app.api.request('POST', '/v1/auth/register', { body: taken });
        expect(outcome(answer)).toBe('201');
        const login = await app.api.request('POST', '/v1/auth/login', { body: { login: name, password: PASSWORD } });
        expect(outcome(login)).toBe('200');
      },
    );
  });
});
