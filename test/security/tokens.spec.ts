import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { PASSWORD, type Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import type { Session, TokenPair } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

const SECRET = 'the-signing-secret-of-32-characters-or-more';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

/** Claims, keys and algorithms that are merely wrong are tried in `e2e/api-auth.spec.ts`; here are those of who means harm. */
describe('Tokens that somebody has tampered with (OWASP API2)', () => {
  let app: TestApp;
  let me: Member;
  let victim: Member;
  let header: Record<string, unknown>;
  let claims: Record<string, unknown>;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false, env: { JWT_KEYS: `main:${SECRET}` } });
    [me, victim] = (await app.api.registerMany(2)) as [Member, Member];
    [header, claims] = me.token.split('.').slice(0, 2).map(decode) as [typeof header, typeof claims];
  });
  afterAll(() => app?.close());

  const meWith = (authorization: string) => app.api.request('GET', '/v1/users/me', { headers: { authorization } });
  const statusOf = async (token: string) => outcome(await meWith(`Bearer ${token}`));
  /** Signed with the right secret, so that only the header is wrong. */
  const signed = (changes: object, secret: string | Buffer = SECRET, of: object = claims): string => {
    const text = `${encode({ ...header, ...changes })}.${encode(of)}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };

  it('are told from those that nobody has', async () => {
    expect(await statusOf(me.token)).toBe('200');
    expect(await statusOf(signed({}))).toBe('200');
  });

  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

  it.each<[string, () => string]>([
    ['with no algorithm and no signature', () => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`],
    ['with the algorithm "None"', () => `${encode({ ...header, alg: 'None' })}.${encode(claims)}.`],
    ['with no algorithm and our signature', () => signed({ alg: 'none' })],
    ['without the third part', () => me.token.split('.').slice(0, 2).join('.')],
    ['with an empty signature', () => `${me.token.split('.').slice(0, 2).join('.')}.`],
    ['with a signature that is cut short', () => me.token.slice(0, -4)],
    [
      'whose user is another one',
      () => {
        const [head, , signature] = me.token.split('.') as [string, string, string];
        return `${head}.${encode({ ...claims, sub: victim.id })}.${signature}`;
      },
    ],
    [
      'that live longer',
      () => {
        const [head, , signature] = me.token.split('.') as [string, string, string];
        return `${head}.${encode({ ...claims, exp: Number(claims['exp']) + 86_400 })}.${signature}`;
      },
    ],
    [
      'signed with a private key whose public one they bring along',
      () => {
        const jwk = publicKey.export({ format: 'jwk' });
        const text = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'main', jwk })}.${encode(claims)}`;
        return `${text}.${signWith('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
      },
    ],
    ['signed with a public key as if it were the secret', () => signed({}, publicPem)],
    ['signed with nothing', () => signed({}, '')],
    ['signed with the name of the key', () => signed({}, 'main')],
    ['whose key is a file', () => signed({ kid: '../../../../dev/null' }, '')],
    ['whose key is a statement', () => signed({ kid: "' UNION SELECT 'x" }, 'x')],
    ['whose key is a property of every object', () => signed({ kid: '__proto__' }, '[object Object]')],
    [
      'whose key is a function of every object',
      () => signed({ kid: 'constructor' }, 'function Object() { [native code] }'),
    ],
    ['whose key has no name', () => signed({ kid: undefined })],
    ['for which something must be understood that is not', () => signed({ crit: ['exp'] })],
    ['that are no JSON', () => `${encode(header)}.bm9uc2Vuc2U.x`],
    ['of five parts', () => `${me.token}.x.y`],
    ['of a megabyte of dots, as far as a header may hold', () => '.'.repeat(8_000)],
  ])('%s open nothing', async (_, make) => {
    expect(await statusOf(make())).toBe('401 UNAUTHENTICATED');
  });

  it.each<[string, (token: string) => string]>([
    ['Basic', (token) => `Basic ${token}`],
    ['no scheme', (token) => token],
    ['two schemes', (token) => `Bearer Bearer ${token}`],
    ['two tokens', (token) => `Bearer ${token}, Bearer ${token}`],
    ['something behind it', (token) => `Bearer ${token} x`],
  ])('are not looked for under %s', async (_, header) => {
    expect(outcome(await meWith(header(me.token)))).toBe('401 UNAUTHENTICATED');
  });

  it.each(['access_token', 'token', 'accessToken'])(
    'are not taken from the query, a cookie or a header: %s',
    async (name) => {
      const answer = await app.api.request('GET', `/v1/users/me?${name}=${me.token}`, {
        headers: { cookie: `${name}=${me.token}`, [`x-${name.replace('_', '-')}`]: me.token },
      });
      expect(outcome(answer)).toBe('401 UNAUTHENTICATED');
    },
  );

  it('of one kind do not serve as the other', async () => {
    const { refreshToken } = me.session!;
    expect(await statusOf(refreshToken)).toBe('401 UNAUTHENTICATED');
    const refresh = await app.api.request('POST', '/v1/auth/refresh', { body: { refreshToken: me.token } });
    expect(outcome(refresh)).toBe('401 UNAUTHENTICATED');
    // Neither did it end the session.
    expect(await statusOf(me.token)).toBe('200');
  });

  it('that were stolen end with the family, whoever comes second, and leave other sessions alone', async () => {
    const { username } = (await app.api.register()).session!.user;
    const login = async () =>
      (await app.api.expect<Session>(200, 'POST', '/v1/auth/login', { body: { login: username, password: PASSWORD } }))
        .body;
    const refresh = (refreshToken: string) =>
      app.api.request<TokenPair>('POST', '/v1/auth/refresh', { body: { refreshToken } });
    const [stolen, other] = [await login(), await login()];
    // The thief is first, and goes on for a while …
    let thief = (await refresh(stolen.refreshToken)).body;
    thief = (await refresh(thief.refreshToken)).body;
    expect(await statusOf(thief.accessToken)).toBe('200');
    // … until the owner comes with what was stolen: nobody has anything of this family any more.
    expect(outcome(await refresh(stolen.refreshToken))).toBe('401 TOKEN_REUSED');
    expect(outcome(await refresh(thief.refreshToken))).toBe('401 UNAUTHENTICATED');
    expect(await statusOf(thief.accessToken)).toBe('401 UNAUTHENTICATED');
    expect(await statusOf(stolen.accessToken)).toBe('401 UNAUTHENTICATED');
    expect(await statusOf(other.accessToken)).toBe('200');
  });
});
