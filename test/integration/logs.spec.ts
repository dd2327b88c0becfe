import { randomBytes } from 'node:crypto';
import { ApiClient } from '../support/api-client.js';
import type { Session } from '../support/contract.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const random = (): string => randomBytes(8).toString('hex');

describe('The log', () => {
  let database: TestDatabase;
  let process: TestProcess;
  const secrets: string[] = [];
  const account = { username: `t_${random()}`, email: `${random()}@example.test`, password: `secret ${random()}` };
  let lines: string[];
  let userId: string;

  beforeAll(async () => {
    database = await TestDatabase.create();
    process = await (await startProcess('main', testEnv(database.name))).ready();
    await useEverySecret(new ApiClient(process.url));
    await process.stop('SIGTERM');
    lines = [...process.lines, ...process.errorLines];
  });
  afterAll(async () => {
    await process?.stop('SIGKILL');
    await database?.drop();
  });

  /** Sends passwords, tokens and addresses in every way that succeeds, and in some that fail. */
  async function useEverySecret(api: ApiClient): Promise<void> {
    const post = <T>(path: string, body: unknown, token?: string) => api.request<T>('POST', path, { body, token });
    const keep = ({ body }: { body: Session }): Session => {
      secrets.push(body.accessToken, body.refreshToken);
      return body;
    };
    const { email, password } = account;
    const newPassword = `newer ${random()}`;
    secrets.push(email, password, newPassword);
    const first = keep(await post<Session>('/v1/auth/register', account));
    userId = first.user.id;
    await post('/v1/auth/register', { ...account, username: `t_${random()}` }); // the address is taken
    const second = keep(await post<Session>('/v1/auth/login', { login: email, password }));
    await post('/v1/auth/login', { login: email, password: newPassword });
    keep(await post<Session>('/v1/auth/refresh', { refreshToken: second.refreshToken }));
    await post('/v1/auth/refresh', { refreshToken: second.refreshToken }); // spent
    await api.request('GET', `/v1/users?query=${encodeURIComponent(email)}`, { token: first.accessToken });
    await api.request('GET', '/v1/users/me', { token: `${first.accessToken}x` });
    await api.request('GET', '/v1/users/me', { token: first.accessToken });
    const rawBody = JSON.stringify(account).slice(0, -1);
    await api.request('POST', '/v1/auth/login', { rawBody, headers: { 'content-type': 'application/json' } });
    const passwords = { currentPassword: password, newPassword };
    await api.request('PUT', '/v1/users/me/password', { body: passwords, token: first.accessToken });
    await api.request('DELETE', '/v1/users/me', { body: { password: newPassword }, token: first.accessToken });
  }

  it('has one line of JSON a request, with its duration, and the ids of the request and of the user', () => {
    const requests = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'request');
    expect(requests).toHaveLength(12);
    for (const line of requests) {
      expect(line).toMatchObject({
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        method: expect.any(String),
        route: expect.stringMatching(/^\/v1\//),
        status: expect.any(Number),
        durationMs: expect.any(Number),
      });
    }
    const me = requests.find(({ route, status }) => route === '/v1/users/me' && status === 200);
    expect(me).toMatchObject({ userId });
  });

  it('has no token, no password and no address', () => {
    const log = lines.join('\n');
    expect(secrets.filter((secret) => log.includes(secret) || log.includes(encodeURIComponent(secret)))).toEqual([]);
    expect(log).not.toMatch(/@example\.test|Bearer /);
  });
});
