import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

/** Of attackers in these tests; each would have a thousand. */
const CONNECTIONS = 500;
/** How soon a client of good will is answered beside them. */
const ANSWERED_WITHIN_MS = 5_000;

/** Large bodies, deep JSON and large headers are tried in `e2e/api-errors.spec.ts`, floods in `e2e/api-rate-limits.spec.ts`. */
describe('Who takes what others need (OWASP API4, resource exhaustion)', () => {
  let app: TestApp;
  let me: Member;
  let server: Server;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    me = await app.api.register();
    server = app.nest.getHttpServer() as Server;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => app?.close());

  /** Opens a connection and sends bytes as they are; keeps what comes back. */
  async function open(bytes: string): Promise<{ socket: Socket; text: () => string; isOver: () => boolean }> {
    const { hostname, port } = new URL(app.api.url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(bytes);
    return { socket, text: () => text, isOver: () => socket.readableEnded || socket.closed };
  }

  /** Asks as a client of good will. @returns after how many milliseconds it was answered */
  async function service(): Promise<number> {
    const begunMs = performance.now();
    expect(outcome(await me.request('GET', '/v1/users/me'))).toBe('200');
    return performance.now() - begunMs;
  }

  const HEAD = 'POST /v1/posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n';

  it('with a slow request waits, and is cut off after 30 s at the latest', () => {
    expect([server.requestTimeout, server.headersTimeout]).toEqual([30_000, 30_000]);
  });

  it.each<[string, string]>([
    ['say nothing', ''],
    ['never end their headers', 'GET /v1/users/me HTTP/1.1\r\nHost: a\r\nX-Slow: '],
    ['never end their body', `${HEAD}\r\n{"content":"`],
    [
      'never end a body in chunks',
      `${HEAD.replace(/Content-Length.*\r\n/, 'Transfer-Encoding: chunked\r\n')}\r\n5\r\n{"con`,
    ],
  ])('by many connections that %s is cut off, and others are served', async (_, bytes) => {
    // What is tried is that there is an end, not to wait for it.
    [server.requestTimeout, server.headersTimeout] = [1_500, 1_500];
    try {
      const slow = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(bytes)));
      expect(await service()).toBeLessThan(ANSWERED_WITHIN_MS);
      await until(() => slow.every(({ isOver }) => isOver()), { what: 'every slow connection to be cut off' });
      expect(await service()).toBeLessThan(ANSWERED_WITHIN_MS);
    } finally {
      [server.requestTimeout, server.headersTimeout] = [30_000, 30_000];
    }
  });

  it('by a body in chunks that never ends is cut off at its limit', async () => {
    const { socket, text, isOver } = await open(
      `POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    await until(() => socket.destroyed || isOver() || text() !== '' || !socket.write(chunk) || undefined, {
      what: 'an answer',
    });
    await until(() => text() !== '', { what: 'an answer' });
    expect(text()).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('by a small body that unpacks to a large one is refused', async () => {
    const rawBody = gzipSync(JSON.stringify({ content: 'x'.repeat(10_000_000) })).toString('latin1');
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await me.request('POST', '/v1/posts', { rawBody, headers });
    expect(outcome(answer)).toMatch(/^(400 MALFORMED_JSON|415 UNSUPPORTED_MEDIA_TYPE)$/);
  });

  it.each<[string, string]>([
    ['a thousand parameters', Array.from({ length: 1_000 }, (_, index) => `p${index}=1`).join('&')],
    ['a thousand values of one', Array.from({ length: 1_000 }, () => 'limit=1').join('&')],
    ['brackets in brackets', `a${'[a]'.repeat(500)}=1`],
  ])('by %s is answered as anybody', async (_, query) => {
    const begunMs = performance.now();
    expect(outcome(await me.request('GET', `/v1/feed?${query}`))).toBe('400 VALIDATION_FAILED');
    expect(performance.now() - begunMs).toBeLessThan(ANSWERED_WITHIN_MS);
  });

  it.each<[string, string]>([
    ['2,000 headers', Array.from({ length: 2_000 }, (_, index) => `x-${index}: 1`).join('\r\n')],
    ['a header of 60 kB', `x-large: ${'x'.repeat(60_000)}`],
  ])('by %s gets no more than an error', async (_, headers) => {
    const { text, isOver } = await open(
      `GET /v1/users/me HTTP/1.1\r\nHost: a\r\n${headers}\r\nConnection: close\r\n\r\n`,
    );
    await until(isOver, { what: 'the connection to be closed' });
    expect(text()).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await service()).toBeLessThan(ANSWERED_WITHIN_MS);
  });

  it.each<[string, string]>([
    ['e-mail addresses', `${'a@'.repeat(120)}`],
    ['spaces', `${' '.repeat(250)}!`],
    ['dots', `${'a.'.repeat(120)}@`],
    ['combined characters', `a${'\u0301'.repeat(200)}`],
  ])('by texts that are slow to match is answered as anybody: %s', async (_, text) => {
    const begunMs = performance.now();
    const bodies: [string, object][] = [
      ['/v1/auth/register', { username: text, email: text, password: text, displayName: text }],
      ['/v1/auth/login', { login: text, password: text.slice(0, 8) }],
    ];
    for (const [path, body] of bodies) expect((await app.api.request('POST', path, { body })).status).toBeLessThan(500);
    expect((await me.request('GET', `/v1/users?query=${encodeURIComponent(text)}`)).status).toBeLessThan(500);
    expect(performance.now() - begunMs).toBeLessThan(ANSWERED_WITHIN_MS);
  });

  it('by requests on one connection, one behind the other, waits for each answer', async () => {
    const request = `GET /v1/users/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${me.token}\r\n\r\n`;
    const { text } = await open(request.repeat(200));
    await until(() => text().match(/HTTP\/1\.1 200/g)?.length === 200, { what: '200 answers' });
    expect(await service()).toBeLessThan(ANSWERED_WITHIN_MS);
  });
});
