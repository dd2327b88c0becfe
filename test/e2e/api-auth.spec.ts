import { createSigner } from 'fast-jwt';
import { PASSWORD, ApiClient, type Member } from '../support/api-client.js';
import { outcome, tally } from '../support/answers.js';
import type { Session, TokenPair } from '../support/contract.js';
import { AppModule } from '../../src/app.module.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';
import { testConfig, type TestEnv } from '../support/test-config.js';
import { until } from '../support/settle.js';

const OLD_SECRET = 'the-old-secret-of-32-characters-or-more';
const NEW_SECRET = 'the-new-secret-of-32-characters-or-more';

describe('Sessions', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ worker: false, env: { JWT_KEYS: `old:${OLD_SECRET}` } })));
  afterAll(() => app?.close());

  const refresh = (refreshToken: string) =>
    app.api.request<TokenPair & { code?: string }>('POST', '/v1/auth/refresh', { body: { refreshToken } });
  const login = (body: unknown) => app.api.request<Session>('POST', '/v1/auth/login', { body });
  const statusOf = async (token: string, api = app.api) => outcome(await api.request('GET', '/v1/users/me', { token }));

  /** Runs `work` with a second instance of the API beside the first one. */
  async function withInstance<T>(env: TestEnv, work: (api: ApiClient) => Promise<T>): Promise<T> {
    const nest = await listen(AppModule, testConfig(app.database.name, env));
    try {
      return await work(new ApiClient(urlOf(nest)));
    } finally {
      await nest.close();
    }
  }

  describe('registration', () => {
    it.each([
      { username: 'abc' },
      { username: `${'x'.repeat(29)}1` },
      { username: '...' },
      { username: 'A_b.9' },
      { password: '😀'.repeat(8) },
      { password: '😀'.repeat(128) },
      { displayName: '😀'.repeat(50) },
      { email: `${'x'.repeat(64)}@${`${'y'.repeat(60)}.`.repeat(3)}test` },
    ])('takes what is just within the limits: %j', async (fields) => {
      const member = await app.api.register(fields);
      const { password = PASSWORD } = fields as { password?: string };
      expect(outcome(await login({ login: member.session!.user.username, password }))).toBe('200');
    });

    it.each<[string, object, string]>([
      ['7 code points in 14 units as password', { password: '😀'.repeat(7) }, 'password'],
      ['129 code points as password', { password: '😀'.repeat(129) }, 'password'],
      ['a username with a letter that is not ASCII', { username: 'rené' }, 'username'],
      ['a username that becomes ASCII in lower case', { username: '\u212Aelvin' }, 'username'],
      ['a username with a line feed', { username: 'abc\n' }, 'username'],
      ['a list as e-mail address', { email: ['a@example.test'] }, 'email'],
      ['an object as password', { password: { length: 10 } }, 'password'],
      ['null as display name', { displayName: null }, 'displayName'],
      ['an id', { id: '1' }, 'id'],
    ])('refuses %s', async (_, fields, field) => {
      const body = { username: 'valid_name', email: 'valid@example.test', password: PASSWORD, ...fields };
      const answer = await app.api.request('POST', '/v1/auth/register', { body });
      expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
      expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
    });

    it('tells addresses apart that differ in an accent only', async () => {
      await app.api.register({ email: 'jose.accent@example.test' });
      const other = await app.api.request('POST', '/v1/auth/register', {
        body: { username: 'jose_accent', email: 'josé.accent@example.test', password: PASSWORD },
      });
      expect(outcome(other)).toBe('201');
    });
  });

  describe('login', () => {
    it('costs the same work for an unknown user as for a wrong password', async () => {
      const { username } = (await app.api.register()).session!.user;
      const timed = async (name: string): Promise<number> => {
        const start = performance.now();
        const answer = await login({ login: name, password: 'wrong password' });
        expect(outcome(answer)).toBe('401 INVALID_CREDENTIALS');
        return performance.now() - start;
      };
      const known: number[] = [];
      const unknown: number[] = [];
      for (let i = 0; i < 15; i++) {
        known.push(await timed(username));
        unknown.push(await timed(`nobody_${i}`));
      }
      const median = (times: number[]) => times.toSorted((a, b) => a - b)[7]!;
      // Without hashing the unknown user is answered some ten times faster.
      expect(median(unknown)).toBeGreaterThan(median(known) / 3);
      expect(median(known)).toBeGreaterThan(median(unknown) / 3);
    });

    it.each([
      ['the password has changed', "password_hash = CONCAT(password_hash, 'x')"],
      ['the account was deleted', 'deleted_at = NOW(3)'],
    ])('that was under way while %s opens nothing', async (_, change) => {
      const member = await app.api.register();
      const connection = await app.database.connect();
      try {
        await connection.beginTransaction();
        await connection.query(`UPDATE users SET ${change} WHERE id = ?`, [member.id]);
        const attempt = login({ login: member.session!.user.username, password: PASSWORD });
        // Turns are taken in order: when later ones have been checked, this one has.
        for (let i = 0; i < 3; i++) await login({ login: `later_${i}`, password: PASSWORD });
        await connection.commit();
        expect(outcome(await attempt)).toBe('401 INVALID_CREDENTIALS');
        const sessions = await app.database.query('SELECT 1 FROM refresh_tokens WHERE user_id = ?', [member.id]);
        expect(sessions).toHaveLength(1);
      } finally {
        connection.destroy();
      }
    });

    it('of far too many at once is refused to some, and the rest of the API goes on', async () => {
      const member = await app.api.register();
      const { username } = member.session!.user;
      const attempts = Promise.all(Array.from({ length: 150 }, () => login({ login: username, password: PASSWORD })));
      expect(await statusOf(member.token)).toBe('200');
      const answers = await attempts;
      const counts = tally(answers);
      expect(Object.keys(counts).toSorted()).toEqual(['200', '503 SERVER_BUSY']);
      expect(counts['200']).toBeGreaterThanOrEqual(50);
      const refused = answers.find((answer) => answer.status === 503)!;
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    });

    it.each([{}, { login: 'x' }, { password: 'x' }, { login: 1, password: 'x' }, { login: 'x', password: null }])(
      'without both fields is refused: %j',
      async (body) => {
        expect(outcome(await login(body))).toBe('400 VALIDATION_FAILED');
      },
    );

    it.each(["' OR 1=1 --", '%', '𝕏', 'a@b', '\u0000', '~1'])('with the name %j is just wrong', async (name) => {
      expect(outcome(await login({ login: name, password: PASSWORD }))).toBe('401 INVALID_CREDENTIALS');
    });
  });

  describe('refresh tokens', () => {
    it('used by many at once serve exactly one, and the session ends for that one too', async () => {
      const { refreshToken } = (await app.api.register()).session!;
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)));
      const winners = answers.filter((answer) => answer.status === 200);
      expect(winners).toHaveLength(1);
      for (const loser of answers.filter((answer) => answer.status !== 200)) {
        // Who comes after the end of the session finds no such token any more.
        expect(['401 TOKEN_REUSED', '401 UNAUTHENTICATED']).toContain(outcome(loser));
      }
      expect(tally(answers)['401 TOKEN_REUSED']).toBeGreaterThanOrEqual(1);
      expect(outcome(await refresh(winners[0]!.body.refreshToken))).toBe('401 UNAUTHENTICATED');
      expect(await statusOf(winners[0]!.body.accessToken)).toBe('401 UNAUTHENTICATED');
    });

    it('used twice end the session although the request fails, in the database too', async () => {
      const member = await app.api.register();
      const { refreshToken } = member.session!;
      const next = (await refresh(refreshToken)).body;
      expect(outcome(await refresh(refreshToken))).toBe('401 TOKEN_REUSED');
      expect(await app.database.query('SELECT 1 FROM refresh_tokens WHERE user_id = ?', [member.id])).toEqual([]);
      for (const token of [member.token, next.accessToken]) expect(await statusOf(token)).toBe('401 UNAUTHENTICATED');
    });

    it('are stored as digests only', async () => {
      const member = await app.api.register();
      const rows = await app.database.query<{ hash: string }>(
        'SELECT HEX(token_hash) AS hash FROM refresh_tokens WHERE user_id = ?',
        [member.id],
      );
      expect(rows).toHaveLength(1);
      expect(Buffer.from(rows[0]!.hash, 'hex').toString('base64url')).not.toBe(member.session!.refreshToken);
    });

    it.each([{}, { refreshToken: 7 }, { refreshToken: '' }, { refreshToken: 'x'.repeat(513) }])(
      'are checked before they are looked for: %j',
      async (body) => {
        expect(outcome(await app.api.request('POST', '/v1/auth/refresh', { body }))).toBe('400 VALIDATION_FAILED');
      },
    );
  });

  describe('logout', () => {
    it('ends the access token too, on every instance', async () => {
      const member = await app.api.register();
      await withInstance({ JWT_KEYS: `old:${OLD_SECRET}` }, async (other) => {
        expect(await statusOf(member.token, other)).toBe('200');
        const { refreshToken } = member.session!;
        expect(outcome(await member.request('POST', '/v1/auth/logout', { body: { refreshToken } }))).toBe('204');
        expect(await statusOf(member.token)).toBe('401 UNAUTHENTICATED');
        const ended = async () => (await statusOf(member.token, other)) === '401 UNAUTHENTICATED';
        await until(ended, { what: 'the other instance to know', timeoutMs: 5_000 });
      });
    });

    it('needs an access token and a refresh token', async () => {
      const member = await app.api.register();
      const { refreshToken } = member.session!;
      expect(outcome(await app.api.request('POST', '/v1/auth/logout', { body: { refreshToken } }))).toBe(
        '401 UNAUTHENTICATED',
      );
      expect(outcome(await member.request('POST', '/v1/auth/logout', { body: {} }))).toBe('400 VALIDATION_FAILED');
    });
  });

  describe('access tokens', () => {
    let member: Member;
    let claims: Record<string, unknown>;
    beforeAll(async () => {
      member = await app.api.register();
      claims = JSON.parse(Buffer.from(member.token.split('.')[1]!, 'base64url').toString()) as typeof claims;
    });

    const sign = (changes: Record<string, unknown>, { key = OLD_SECRET, kid = 'old', algorithm = 'HS256' } = {}) => {
      const payload = Object.fromEntries(
        Object.entries({ ...claims, ...changes }).filter(([, value]) => value !== undefined),
      );
      return createSigner({ key, kid, algorithm: algorithm as 'HS256' })(payload);
    };

    it('signed as ours are, are taken', async () => {
      expect(await statusOf(sign({}))).toBe('200');
    });

    const past = Math.floor(Date.now() / 1_000) - 60;
    it.each<[string, () => string]>([
      ['that have expired', () => sign({ exp: past })],
      ['that never expire', () => sign({ exp: undefined })],
      ['of another issuer', () => sign({ iss: 'somebody' })],
      ['without an issuer', () => sign({ iss: undefined })],
      ['for another audience', () => sign({ aud: 'somebody' })],
      ['without an audience', () => sign({ aud: undefined })],
      ['without a user', () => sign({ sub: undefined })],
      ['whose user is no id', () => sign({ sub: 'root' })],
      ['without a session', () => sign({ sid: undefined })],
      ['of an unknown key', () => sign({}, { kid: 'unknown' })],
      ['of another key under our name', () => sign({}, { key: NEW_SECRET })],
      ['of another algorithm', () => sign({}, { algorithm: 'HS512' })],
    ])('%s are refused', async (_, make) => {
      expect(await statusOf(make())).toBe('401 UNAUTHENTICATED');
    });

    it('stay valid while the key is rotated, and new ones are signed with the new key', async () => {
      await withInstance({ JWT_KEYS: `new:${NEW_SECRET},old:${OLD_SECRET}` }, async (rotated) => {
        expect(await statusOf(member.token, rotated)).toBe('200');
        const fresh = await rotated.register();
        expect(await statusOf(fresh.token, rotated)).toBe('200');
        const header = JSON.parse(Buffer.from(fresh.token.split('.')[0]!, 'base64url').toString()) as object;
        expect(header).toMatchObject({ alg: 'HS256', kid: 'new' });
        expect(await statusOf(fresh.token)).toBe('401 UNAUTHENTICATED');
      });
      await withInstance({ JWT_KEYS: `new:${NEW_SECRET}` }, async (done) => {
        expect(await statusOf(member.token, done)).toBe('401 UNAUTHENTICATED');
      });
    });
  });
});
