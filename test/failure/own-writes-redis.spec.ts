import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { RedisClients } from '../../src/infrastructure/redis/redis-clients.js';
import { ApiClient, Member } from '../support/api-client.js';
import type { OwnUser } from '../support/contract.js';
import { createUsers } from '../support/factories.js';
import { services } from '../support/services.js';
import { servedBy } from '../support/serving.js';
import { until } from '../support/settle.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';

/** Clients of a cluster that was gone as a whole find it again by and by. */
const BACK_WITHIN_MS = 60_000;
const TIMEOUT_MS = 180_000;

/** The replicas stand still, so that only who knows of a write goes where it can be seen. */
describe('Own writes while Redis is down', () => {
  let app: TestApp;
  let other: NestFastifyApplication;
  let primary: string;
  let replicas: string[];
  let stranger: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { REPLICA_MAX_LAG: '10m' } });
    other = await listen(AppModule, app.config);
    [primary, ...replicas] = await app.database.serverUuids();
    [stranger] = (await createUsers(app.database, 1)) as [string];
    await app.database.replicated();
  });
  beforeEach(() => doubtIsOver(), TIMEOUT_MS);
  afterAll(async () => {
    await other?.close();
    await app?.close();
  });

  const on = (instance: NestFastifyApplication, { id, token, session }: Member) =>
    new Member(new ApiClient(urlOf(instance)), id, token, session);

  const rename = (member: Member) =>
    member.api.expect(200, 'PATCH', '/v1/users/me', { token: member.token, body: { displayName: 'Renamed' } });

  const tokens = async ({ id }: Member) => (await app.redis.command<string[]>('hvals', `own-writes:${id}`)).join();

  const nameOf = async (member: Member) => (await member.get<OwnUser>('/v1/users/me')).displayName;

  /** The other instance trusts Redis to know who has written. */
  const doubtIsOver = () =>
    until(async () => replicas.includes(await servedBy(other, stranger)), {
      what: 'a replica to serve somebody who has not written',
      timeoutMs: BACK_WITHIN_MS,
    });

  it(
    'are seen on every instance at once, and shared when it is back',
    async () => {
      const member = await app.api.register();
      const before = await tokens(member);
      await app.database.replicated();
      await app.database.whileReplicasLag(async () => {
        await services.whileRedisIsDead(async () => {
          await rename(member);
          expect(await nameOf(member)).toBe('Renamed');
          expect(await nameOf(on(other, member))).toBe('Renamed');
        });
        const shared = async () => (await tokens(member)) !== before;
        await until(shared, { what: 'the token in Redis', timeoutMs: BACK_WITHIN_MS });
        await doubtIsOver();
        expect(await servedBy(other, member.id)).toBe(primary);
        expect(await nameOf(on(other, member))).toBe('Renamed');
      });
    },
    TIMEOUT_MS,
  );

  it(
    'of an instance that ends before it can share them are seen when Redis is back',
    async () => {
      const member = await app.api.register();
      const third = await listen(AppModule, app.config);
      const redis = other.get(RedisClients, { strict: false }).for('request');
      let isLost = false;
      redis.once('-node', () => (isLost = true));
      await app.database.replicated();
      await app.database.whileReplicasLag(async () => {
        await services.whileRedisIsDead(async () => {
          await rename(on(third, member));
          await third.close();
          await until(() => isLost, { what: 'the other instance to lose Redis' });
        });
        // Past what remembers writes, which must find out by itself.
        const answers = async () => Array.isArray(await redis.hvals(`own-writes:${member.id}`));
        await until(answers, { what: 'it to have Redis again', timeoutMs: BACK_WITHIN_MS });
        expect(await nameOf(on(other, member))).toBe('Renamed');
      });
    },
    TIMEOUT_MS,
  );
});
