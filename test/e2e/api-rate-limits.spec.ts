import { randomBytes } from 'node:crypto';
import { AppModule } from '../../src/app.module.js';
import { ApiClient, Member, PASSWORD } from '../support/api-client.js';
import { outcome, tally } from '../support/answers.js';
import type { Session } from '../support/contract.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';
import { testConfig, type TestEnv } from '../support/test-config.js';

/** Limits are on here, and the addresses of clients are those that the tests' "proxy" tells. */
const PROXIED: TestEnv = { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1' };

/** An address of a network that no other test has, because all share one Redis: of the range for documentation. */
const newAddress = (): string => `2001:db8:${randomBytes(12).toString('hex').match(/.{4}/g)!.join(':')}`;
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

describe('Rate limits', () => {
  let app: TestApp;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => (app = await TestApp.start({ worker: false })));
  afterAll(async () => {
    for (const close of closing) await close();
    await app?.close();
  });

  /** An instance of the API with settings of its own, beside the others and on the same services. */
  async function instance(env: TestEnv): Promise<ApiClient> {
    const nest = await listen(AppModule, testConfig(app.database.name, { ...PROXIED, ...env }));
    closing.push(() => nest.close());
    return new ApiClient(urlOf(nest));
  }
  const as = (member: Member, api: ApiClient) => new Member(api, member.id, member.token, member.session);

  describe('of requests', () => {
    it('tell a client what is left, and when to come back', async () => {
      const api = await instance({ RATE_LIMIT_REQUESTS: '3/1m' });
      const member = as(await app.api.register(), api);
      const answers = [];
      for (let i = 0; i < 4; i++) answers.push(await member.request('GET', '/v1/users/me'));
      expect(answers.map(outcome)).toEqual(['200', '200', '200', '429 RATE_LIMITED']);

      for (const [index, { headers }] of answers.entries()) {
        expect(headers.get('ratelimit-policy')).toBe('"requests";q=3;w=60');
        const [, remaining, seconds] = /^"requests";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit')!)!;
        expect(Number(remaining)).toBe(Math.max(0, 2 - index));
        expect(Number(seconds)).toBeGreaterThan(0);
        expect(Number(seconds)).toBeLessThanOrEqual(60);
      }
      const refused = answers[3]!.headers;
      expect(Number(refused.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(refused.get('retry-after'))).toBeLessThanOrEqual(60);
      expect(answers[0]!.headers.get('retry-after')).toBeNull();
    });

    it('are one budget on all instances', async () => {
      const [first, second] = [
        await instance({ RATE_LIMIT_REQUESTS: '6/1m' }),
        await instance({ RATE_LIMIT_REQUESTS: '6/1m' }),
      ];
      const member = await app.api.register();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => as(member, index % 2 ? first : second).request('GET', '/v1/users/me')),
      );
      expect(tally(answers)).toEqual({ '200': 6, '429 RATE_LIMITED': 4 });
    });

    it('count users apart from each other, and from the address they share', async () => {
      const api = await instance({ RATE_LIMIT_REQUESTS: '2/1m' });
      const address = newAddress();
      for (const member of await app.api.registerMany(2)) {
        const answers = [];
        for (let i = 0; i < 3; i++) answers.push(await as(member, api).request('GET', '/v1/users/me', from(address)));
        expect(answers.map(outcome)).toEqual(['200', '200', '429 RATE_LIMITED']);
      }
      const anonymous = [];
      for (let i = 0; i < 3; i++) anonymous.push(await api.request('GET', '/v1/users/me', from(address)));
      expect(anonymous.map(outcome)).toEqual(['401 UNAUTHENTICATED', '401 UNAUTHENTICATED', '429 RATE_LIMITED']);
    });

    it('do not count what operators and readers of the documentation ask for', async () => {
      const api = await instance({ RATE_LIMIT_REQUESTS: '1/1m' });
      const address = newAddress();
      for (let i = 0; i < 3; i++) {
        expect(outcome(await api.request('GET', '/health/live', from(address)))).toBe('200');
        expect(outcome(await api.request('GET', '/metrics', from(address)))).toBe('200');
      }
    });

    it('can be switched off', async () => {
      const api = await instance({ RATE_LIMITS: 'off', RATE_LIMIT_REQUESTS: '1/1m' });
      const member = as(await app.api.register(), api);
      for (let i = 0; i < 3; i++) {
        const answer = await member.request('GET', '/v1/users/me');
        expect([outcome(answer), answer.headers.get('ratelimit')]).toEqual(['200', null]);
      }
    });
  });

  describe('of registrations', () => {
    it('hold for an address', async () => {
      const api = await instance({ RATE_LIMIT_REGISTRATIONS: '2/1h' });
      const register = (address: string) => {
        const username = `r_${randomBytes(6).toString('hex')}`;
        const body = { username, email: `${username}@example.test`, password: PASSWORD };
        return api.request('POST', '/v1/auth/register', { body, ...from(address) });
      };
      const address = newAddress();
      const answers = [];
      for (let i = 0; i < 3; i++) answers.push(await register(address));
      expect(answers.map(outcome)).toEqual(['201', '201', '429 RATE_LIMITED']);
      expect(Number(answers[2]!.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(outcome(await register(newAddress()))).toBe('201');
    });
  });

  describe('of logins', () => {
    const login = (api: ApiClient, name: string, password: string, address: string) =>
      api.request<Session>('POST', '/v1/auth/login', { body: { login: name, password }, ...from(address) });
    const times = async (count: number, attempt: () => Promise<{ status: number; body: unknown }>) => {
      const outcomes = [];
      for (let i = 0; i < count; i++) outcomes.push(outcome((await attempt()) as Parameters<typeof outcome>[0]));
      return outcomes;
    };
    const WRONG = '401 INVALID_CREDENTIALS';
    const LIMITED = '429 RATE_LIMITED';

    it('count failures only', async () => {
      const api = await instance({ RATE_LIMIT_LOGIN_FAILURES: '3/15m' });
      const { username } = (await app.api.register()).session!.user;
      const address = newAddress();
      expect(await times(6, () => login(api, username, PASSWORD, address))).toEqual(Array(6).fill('200'));
      expect(await times(4, () => login(api, username, 'wrong password', address))).toEqual([
        WRONG,
        WRONG,
        WRONG,
        LIMITED,
      ]);
      // Also the right password has to wait now: who guesses must not learn that it was right.
      expect(outcome(await login(api, username, PASSWORD, address))).toBe(LIMITED);
    });

    it('are the same budget for username and e-mail address', async () => {
      const api = await instance({ RATE_LIMIT_LOGIN_FAILURES: '3/15m' });
      const { username, email } = (await app.api.register()).session!.user;
      const address = newAddress();
      await times(3, () => login(api, username, 'wrong password', address));
      expect(outcome(await login(api, email, 'wrong password', address))).toBe(LIMITED);
    });

    it('hold for names that nobody has as for those that somebody has', async () => {
      const api = await instance({ RATE_LIMIT_LOGIN_FAILURES: '2/15m' });
      const { username } = (await app.api.register()).session!.user;
      const results = [];
      for (const name of [username, `nobody_${randomBytes(4).toString('hex')}`]) {
        results.push(await times(3, () => login(api, name, 'wrong password', newAddressOf(name))));
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[0]).toEqual([WRONG, WRONG, LIMITED]);
    });

    const addresses = new Map<string, string>();
    const newAddressOf = (name: string) => {
      const address = addresses.get(name) ?? newAddress();
      addresses.set(name, address);
      return address;
    };

    it('hold for an address that tries many accounts', async () => {
      const api = await instance({ RATE_LIMIT_ADDRESS_FAILURES: '4/15m' });
      const address = newAddress();
      let turn = 0;
      const guess = () => login(api, `guess_${turn++}_${randomBytes(4).toString('hex')}`, PASSWORD, address);
      expect(await times(5, guess)).toEqual([WRONG, WRONG, WRONG, WRONG, LIMITED]);
    });

    it('hold for whoever has a /64 of addresses as for who has one', async () => {
      const api = await instance({ RATE_LIMIT_LOGIN_FAILURES: '3/15m' });
      const { username } = (await app.api.register()).session!.user;
      const network = newAddress().split(':').slice(0, 4).join(':');
      let turn = 0;
      const guess = () => login(api, username, 'wrong password', `${network}::${(++turn).toString(16)}`);
      expect(await times(4, guess)).toEqual([WRONG, WRONG, WRONG, LIMITED]);
      expect(outcome(await login(api, username, 'wrong password', newAddress()))).toBe(WRONG);
    });

    it('cannot be used to lock somebody out of an address where they have logged in', async () => {
      const api = await instance({ RATE_LIMIT_ACCOUNT_FAILURES: '5/5m' });
      const { username } = (await app.api.register()).session!.user;
      const home = newAddress();
      expect(outcome(await login(api, username, PASSWORD, home))).toBe('200');
      // An attacker with many addresses uses up the account's budget …
      const guesses = await times(7, () => login(api, username, 'wrong password', newAddress()));
      expect(guesses).toEqual([...Array<string>(5).fill(WRONG), LIMITED, LIMITED]);
      // … which holds for everybody on a new address, and not for the owner at home.
      expect(outcome(await login(api, username, PASSWORD, newAddress()))).toBe(LIMITED);
      expect(outcome(await login(api, username, PASSWORD, home))).toBe('200');
    });

    it('of many guesses at once let no more through than the budget has', async () => {
      const api = await instance({ RATE_LIMIT_LOGIN_FAILURES: '5/15m' });
      const { username } = (await app.api.register()).session!.user;
      const address = newAddress();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => login(api, username, 'wrong password', address)),
      );
      expect(tally(answers)).toEqual({ [WRONG]: 5, [LIMITED]: 15 });
    });

    it('hold also where the password is asked for again', async () => {
      const api = await instance({ RATE_LIMIT_LOGIN_FAILURES: '2/15m' });
      const member = as(await app.api.register(), api);
      const address = newAddress();
      const change = () =>
        member.request('PUT', '/v1/users/me/password', {
          body: { currentPassword: 'wrong password', newPassword: 'another password' },
          ...from(address),
        });
      const remove = () =>
        member.request('DELETE', '/v1/users/me', { body: { password: 'wrong password' }, ...from(address) });
      expect([...(await times(1, change)), ...(await times(2, remove))]).toEqual([WRONG, WRONG, LIMITED]);
    });
  });

  describe('by X-Forwarded-For', () => {
    it('believe it from trusted proxies only', async () => {
      const open = await instance({ TRUSTED_PROXIES: '192.0.2.1', RATE_LIMIT_REGISTRATIONS: '1000/1h' });
      const { body } = await open.expect<Session>(201, 'POST', '/v1/auth/register', {
        body: {
          username: `x_${randomBytes(6).toString('hex')}`,
          email: `${randomBytes(6).toString('hex')}@x.test`,
          password: PASSWORD,
        },
      });
      // Not trusted: every guess comes from the same address, whatever the header says.
      const strict = await instance({ TRUSTED_PROXIES: '192.0.2.1', RATE_LIMIT_LOGIN_FAILURES: '3/15m' });
      const trusting = await instance({ TRUSTED_PROXIES: '127.0.0.0/8', RATE_LIMIT_LOGIN_FAILURES: '3/15m' });
      const guess = (api: ApiClient, address: string) =>
        api.request('POST', '/v1/auth/login', {
          body: { login: body.user.username, password: 'wrong password' },
          ...from(address),
        });
      const outcomes = [];
      for (let i = 0; i < 4; i++) outcomes.push(outcome(await guess(strict, newAddress())));
      expect(outcomes).toEqual([...Array<string>(3).fill('401 INVALID_CREDENTIALS'), '429 RATE_LIMITED']);
      for (let i = 0; i < 4; i++) {
        expect(outcome(await guess(trusting, newAddress()))).toBe('401 INVALID_CREDENTIALS');
      }
    });

    it('take the last address that a trusted proxy did not add itself', async () => {
      const api = await instance({ TRUSTED_PROXIES: '127.0.0.1,198.51.100.7', RATE_LIMIT_REQUESTS: '2/1m' });
      const client = newAddress();
      // The client claims addresses; the proxies append the one they saw.
      const outcomes = [];
      for (let i = 0; i < 3; i++) {
        const chain = `${newAddress()}, ${client}, 198.51.100.7`;
        outcomes.push(outcome(await api.request('GET', '/v1/users/me', from(chain))));
      }
      expect(outcomes).toEqual(['401 UNAUTHENTICATED', '401 UNAUTHENTICATED', '429 RATE_LIMITED']);
    });
  });
});
