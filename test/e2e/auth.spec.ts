import { PASSWORD } from '../support/api-client.js';
import type { Session, TokenPair } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

describe('Accounts and sessions', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ worker: false })));
  afterAll(() => app?.close());

  const refresh = (refreshToken: string) =>
    app.api.request<TokenPair & { code: string }>('POST', '/v1/auth/refresh', { body: { refreshToken } });

  describe('registration', () => {
    it('keeps username and e-mail address in lower case', async () => {
      const member = await app.api.register({
        username: 'Mixed.Case_1',
        email: 'Mixed@Example.Test',
        displayName: 'M',
      });
      expect(member.session!.user).toMatchObject({
        username: 'mixed.case_1',
        email: 'mixed@example.test',
        displayName: 'M',
      });
    });

    it('refuses a username that somebody has, however it is written', async () => {
      const { username } = (await app.api.register()).session!.user;
      const body = { username: username.toUpperCase(), email: `other-${username}@example.test`, password: PASSWORD };
      const answer = await app.api.request('POST', '/v1/auth/register', { body });
      expect([answer.status, answer.body.code]).toEqual([409, 'USERNAME_TAKEN']);
    });

    it('refuses an e-mail address that has an account, and compares it byte by byte', async () => {
      const { email } = (await app.api.register({ email: 'rene@example.test' })).session!.user;
      const again = { username: 'rene_2', email, password: PASSWORD };
      const answer = await app.api.request('POST', '/v1/auth/register', { body: again });
      expect([answer.status, answer.body.code]).toEqual([409, 'EMAIL_TAKEN']);
      expect(await app.database.query('SELECT 1 FROM users WHERE username = ?', ['rene_2'])).toEqual([]);
    });

    it('lets one of two win that want the same name at once', async () => {
      const attempts = await Promise.all(
        ['a', 'b'].map((part) =>
          app.api.request('POST', '/v1/auth/register', {
            body: { username: 'wanted', email: `${part}@wanted.test`, password: PASSWORD },
          }),
        ),
      );
      expect(attempts.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    });

    it('stores a hash of the password and nothing that shows it', async () => {
      const member = await app.api.register();
      const [user] = await app.database.query('SELECT * FROM users WHERE id = ?', [member.id]);
      expect(user!.password_hash).toMatch(/^\$argon2id\$/);
      expect(JSON.stringify(user)).not.toContain(PASSWORD);
    });

    it.each([
      ['a short username', { username: 'ab' }, 'username'],
      ['a username with other characters', { username: 'a-b-c' }, 'username'],
      ['a username of 31 characters', { username: 'x'.repeat(31) }, 'username'],
      ['no e-mail address', { email: 'nobody' }, 'email'],
      ['an overlong e-mail address', { email: `${'x'.repeat(60)}@${'y.'.repeat(100)}test` }, 'email'],
      ['a short password', { password: '1234567' }, 'password'],
      ['a password of 129 characters', { password: 'x'.repeat(129) }, 'password'],
      ['an empty display name', { displayName: '' }, 'displayName'],
      ['a display name with a control character', { displayName: 'a\u0000b' }, 'displayName'],
      ['a number as username', { username: 12345 }, 'username'],
      ['an unknown field', { isAdmin: true }, 'isAdmin'],
    ])('refuses %s and names the field', async (_, fields, field) => {
      const body = { username: 'valid_name', email: 'valid@example.test', password: PASSWORD, ...fields };
      const answer = await app.api.request('POST', '/v1/auth/register', { body });
      expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(answer.body.errors).toEqual([{ field, message: expect.any(String) }]);
      expect(answer.text).not.toContain(PASSWORD);
    });
  });

  describe('login', () => {
    it('takes the username or the e-mail address, in any case', async () => {
      const { username, email } = (await app.api.register()).session!.user;
      for (const login of [username, username.toUpperCase(), email]) {
        const { body } = await app.api.expect<Session>(200, 'POST', '/v1/auth/login', {
          body: { login, password: PASSWORD },
        });
        expect(body.user).toMatchObject({ username, email });
      }
    });

    it('answers the same to a wrong password and to an unknown user', async () => {
      const { username } = (await app.api.register()).session!.user;
      const answers = await Promise.all(
        [
          { login: username, password: 'wrong password' },
          { login: 'nobody_at_all', password: PASSWORD },
        ].map((body) => app.api.request('POST', '/v1/auth/login', { body, headers: { 'x-request-id': 'same' } })),
      );
      expect(answers[0]!.status).toBe(401);
      expect(answers[0]!.body.code).toBe('INVALID_CREDENTIALS');
      expect(answers[1]!.body).toEqual(answers[0]!.body);
    });
  });

  describe('refresh tokens', () => {
    it('are exchanged for a new pair that works', async () => {
      const member = await app.api.register();
      const { body } = await refresh(member.session!.refreshToken);
      expect(body.refreshToken).not.toBe(member.session!.refreshToken);
      expect(body.expiresIn).toBe(900);
      await app.api.expect(200, 'GET', '/v1/users/me', { token: body.accessToken });
      expect((await refresh(body.refreshToken)).status).toBe(200);
    });

    it('end their whole session when a spent one is used again, and no other session', async () => {
      const member = await app.api.register();
      const { username } = member.session!.user;
      const other = await app.api.expect<Session>(200, 'POST', '/v1/auth/login', {
        body: { login: username, password: PASSWORD },
      });
      const spent = member.session!.refreshToken;
      const next = await refresh(spent);

      const reuse = await refresh(spent);
      expect([reuse.status, reuse.body.code]).toEqual([401, 'TOKEN_REUSED']);
      const victim = await refresh(next.body.refreshToken);
      expect([victim.status, victim.body.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect((await refresh(other.body.refreshToken)).status).toBe(200);
    });

    it('serve one of two requests that use one at once', async () => {
      const { refreshToken } = (await app.api.register()).session!;
      const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
    });

    it('are refused when they expired', async () => {
      const member = await app.api.register();
      await app.database.execute('UPDATE refresh_tokens SET expires_at = ? WHERE user_id = ?', [new Date(), member.id]);
      const answer = await refresh(member.session!.refreshToken);
      expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    });

    it('are refused when nobody gave them out', async () => {
      expect((await refresh('made-up')).body.code).toBe('UNAUTHENTICATED');
    });

    it('end with a logout, and the access token with them', async () => {
      const member = await app.api.register();
      const { refreshToken } = member.session!;
      const answer = await member.request('POST', '/v1/auth/logout', { body: { refreshToken } });
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect((await refresh(refreshToken)).body.code).toBe('UNAUTHENTICATED');
      expect((await member.request('GET', '/v1/users/me')).body.code).toBe('UNAUTHENTICATED');
    });

    it('stay when somebody else tries to log their owner out', async () => {
      const [owner, other] = await app.api.registerMany(2);
      const { refreshToken } = owner!.session!;
      await other!.request('POST', '/v1/auth/logout', { body: { refreshToken } });
      expect((await refresh(refreshToken)).status).toBe(200);
    });
  });

  describe('access tokens', () => {
    const flip = (text: string) => text.slice(0, -2) + (text.endsWith('AA') ? 'BB' : 'AA');
    const unsigned = (token: string) => {
      const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid: 'development' })).toString('base64url');
      return `${header}.${token.split('.')[1]}.`;
    };

    it.each<[string, (token: string) => Record<string, string>]>([
      ['no header', () => ({})],
      ['another scheme', (token) => ({ authorization: `Basic ${token}` })],
      ['a broken signature', (token) => ({ authorization: `Bearer ${flip(token)}` })],
      ['no signature', (token) => ({ authorization: `Bearer ${unsigned(token)}` })],
      ['nonsense', () => ({ authorization: 'Bearer nonsense' })],
      ['a refresh token', () => ({ authorization: `Bearer ${'x'.repeat(43)}` })],
    ])('are needed: %s is refused', async (_, headersOf) => {
      const member = await app.api.register();
      const answer = await app.api.request('GET', '/v1/users/me', { headers: headersOf(member.token) });
      expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    });

    it('open the account of their owner', async () => {
      const member = await app.api.register();
      expect(await member.get('/v1/users/me')).toEqual(member.session!.user);
    });
  });
});
