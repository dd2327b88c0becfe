import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { ApiClient, type Answer, type RequestOptions } from '../support/api-client.js';
import type { Problem, Session } from '../support/contract.js';
import { EveryRoute } from '../support/every-route.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { settleCounts, settle } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const random = (): string => randomBytes(8).toString('hex');

/** Fields of requests and answers that no log may have: what people are recognised by, what they wrote, what lets somebody in. */
const PRIVATE =
  /^(email|password|currentPassword|newPassword|accessToken|refreshToken|content|displayName|bio|fileName)$/;
/** A shorter text may be in a log by accident. */
const SHORTEST_SECRET = 8;
/** What makes a presigned address a key. */
const SIGNATURE = /[?&]X-Amz-(?:Signature|Credential)=([^&]+)/g;

/** Remembers every secret that it sends or is told. */
class KeepingClient extends ApiClient {
  readonly secrets = new Set<string>();
  /** In paths, and as names that people are shown by. */
  readonly usernames = new Set<string>();
  count = 0;

  override async request<T = Problem>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    this.count++;
    if (options.token !== undefined) this.secrets.add(options.token);
    this.keep(options.body);
    const answer = await super.request<T>(method, path, options);
    this.keep(answer.body);
    for (const [, value] of answer.text.matchAll(SIGNATURE)) this.secrets.add(value!);
    return answer;
  }

  private keep(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner !== 'string') this.keep(inner);
      else if (name === 'username') this.usernames.add(inner);
      else if (inner.length >= SHORTEST_SECRET && (PRIVATE.test(name) || inner.includes('@'))) this.secrets.add(inner);
    }
  }
}

type Line = Record<string, unknown> & { process: string; msg: string };

describe('The log of the API and of a worker', () => {
  let database: TestDatabase;
  const processes: TestProcess[] = [];
  let api: KeepingClient;
  let texts: string[];
  let lines: Line[];
  let userId: string;
  let late: string;

  beforeAll(async () => {
    database = await TestDatabase.create();
    for (const name of ['main', 'worker'] as const) processes.push(await startProcess(name, testEnv(database.name)));
    await Promise.all(processes.map((process) => process.ready()));
    api = new KeepingClient(processes[0]!.url);
    await useEverySecret();
    await askForEverything();
    await settle(database);
    await settleCounts(database);
    await failInTheBackground();
    for (const process of processes) await process.stop('SIGTERM');
    texts = processes.flatMap((process) => [...process.lines, ...process.errorLines]);
    lines = texts.map((line) => JSON.parse(line) as Line);
  });
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop('SIGKILL')));
    await database?.drop();
  });

  /** Sends passwords, tokens and addresses in every way that succeeds, and in some that fail. */
  async function useEverySecret(): Promise<void> {
    const account = { username: `t_${random()}`, email: `${random()}@example.test`, password: `secret ${random()}` };
    const { email, password } = account;
    const newPassword = `newer ${random()}`;
    const post = <T>(path: string, body: unknown, token?: string) => api.request<T>('POST', path, { body, token });
    const { body: first } = await post<Session>('/v1/auth/register', account);
    userId = first.user.id;
    await post('/v1/auth/register', { ...account, username: `t_${random()}` }); // the address is taken
    const { body: second } = await post<Session>('/v1/auth/login', { login: email, password });
    await post('/v1/auth/login', { login: email, password: newPassword });
    await post('/v1/auth/refresh', { refreshToken: second.refreshToken });
    await post('/v1/auth/refresh', { refreshToken: second.refreshToken }); // spent
    await api.request('GET', `/v1/users?query=${encodeURIComponent(email)}`, { token: first.accessToken });
    for (const path of ['by-username/', '', 'no-such-route/at-all/']) {
      await api.request('GET', `/v1/users/${path}${email}`, { token: first.accessToken });
    }
    await api.request('GET', `/v1/users/${userId}`, { token: first.accessToken });
    await api.request('GET', '/v1/users/me', { token: `${first.accessToken}x` });
    await api.request('GET', '/v1/users/me', { token: first.accessToken });
    const rawBody = JSON.stringify(account).slice(0, -1);
    await api.request('POST', '/v1/auth/login', { rawBody, headers: { 'content-type': 'application/json' } });
    await post('/v1/posts', { content: `private ${random()}`, mediaKeys: [`media/1/${random()}`] }, first.accessToken);
    await post('/v1/posts', { content: `private ${random()}` }, first.accessToken);
    await sendBodyLate(first.accessToken);
    const passwords = { currentPassword: password, newPassword };
    await api.request('PUT', '/v1/users/me/password', { body: passwords, token: first.accessToken });
    await api.request('DELETE', '/v1/users/me', { body: { password: newPassword }, token: first.accessToken });
  }

  /** A request whose body comes when its head has been read: after the server has asked for it. */
  async function sendBodyLate(token: string): Promise<void> {
    api.count++;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', expect: '100-continue' };
    const sent = request(`${api.url}/v1/posts`, { method: 'POST', headers });
    sent.flushHeaders();
    await once(sent, 'continue');
    sent.end(JSON.stringify({ content: 'a late post' }));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(201);
    late = String(response.headers['x-request-id']);
    response.resume();
    await once(response, 'end');
  }

  /** Every route, by people who are new, so that every kind of background work follows. */
  async function askForEverything(): Promise<void> {
    const routes = await EveryRoute.create(database, api);
    for (const path of Object.values(routes.gets)) await routes.reader.request('GET', path);
    for (const [name, prepare] of Object.entries(routes.writes)) {
      const me = await api.register();
      const { path, body } = await prepare(me);
      await me.request(name.split(' ')[0]!, path, { body });
    }
  }

  /** The worker logs a job that fails; what it was about stays in the row. */
  async function failInTheBackground(): Promise<void> {
    const secret = `payload ${random()}`;
    api.secrets.add(secret);
    await database.execute(
      "INSERT INTO outbox_events (type, payload, available_at, created_at) VALUES ('post.created', ?, NOW(3), NOW(3))",
      [JSON.stringify({ postId: 'no id', authorId: '0', createdAtMs: 0, secret })],
    );
    await processes[1]!.said('job failed');
  }

  it('is JSON, and has one line a request, with its duration, and the ids of the request and of the user', () => {
    const requests = lines.filter(({ msg }) => msg === 'request');
    expect(api.count).toBeGreaterThan(80);
    expect(requests).toHaveLength(api.count);
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(api.count);
    for (const line of requests) {
      expect(line).toMatchObject({
        process: 'api',
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        method: expect.any(String),
        status: expect.any(Number),
        durationMs: expect.any(Number),
      });
    }
    expect(requests.filter(({ route }) => !String(route).startsWith('/v1/'))).toHaveLength(1);
    const me = requests.find(({ route, status }) => route === '/v1/users/me' && status === 200);
    expect(me).toMatchObject({ userId });
  });

  it('says which row a path named, nothing else of the path, and nothing at all of one that leads nowhere', () => {
    const pathsOf = (template: string | undefined) =>
      new Set(lines.filter(({ msg, route }) => msg === 'request' && route === template).map(({ path }) => path));
    const users = [...pathsOf('/v1/users/:id')];
    expect(users).toEqual(expect.arrayContaining([`/v1/users/${userId}`, '/v1/users/:id']));
    expect(users.filter((path) => !/^\/v1\/users\/([0-9]+|:id)$/.test(String(path)))).toEqual([]);
    expect(pathsOf('/v1/users/by-username/:username')).toEqual(new Set(['/v1/users/by-username/:username']));
    expect(pathsOf(undefined)).toEqual(new Set([undefined]));
  });

  it('knows the request and the user when the body came later than the head, too', () => {
    expect(lines.find(({ requestId }) => requestId === late)).toMatchObject({ route: '/v1/posts', userId });
  });

  it('tells of a job that failed', () => {
    expect(lines.find(({ msg }) => msg === 'job failed')).toMatchObject({ process: 'worker', type: 'post.created' });
  });

  it('has no token, no password, no address and nothing that somebody wrote', () => {
    const log = texts.join('\n');
    const secrets = [...api.secrets].filter((secret) => !api.usernames.has(secret));
    expect(secrets.length).toBeGreaterThan(80);
    expect(secrets.filter((secret) => log.includes(secret) || log.includes(encodeURIComponent(secret)))).toEqual([]);
    expect(log).not.toMatch(/@example\.test|Bearer |X-Amz-/);
  });
});
