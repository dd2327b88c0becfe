import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { requestContext } from '../../src/infrastructure/context/request-context.js';
import { OwnWrites } from '../../src/infrastructure/database/own-writes.js';
import { ApiClient, Member } from '../support/api-client.js';
import type { Post, User } from '../support/contract.js';
import { createUsers } from '../support/factories.js';
import { servedBy } from '../support/serving.js';
import { until } from '../support/settle.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';
import { testConfig } from '../support/test-config.js';

/** The replicas stand still; the primary has what was just written. */
describe('Own writes', () => {
  let app: TestApp;
  let secondInstance: NestFastifyApplication;
  let instances: ApiClient[];
  let primary: string;
  let replicas: string[];

  beforeAll(async () => {
    app = await TestApp.start();
    secondInstance = await listen(AppModule, app.config);
    instances = [app.api, new ApiClient(urlOf(secondInstance))];
    [primary, ...replicas] = await app.database.serverUuids();
  });
  afterAll(async () => {
    await secondInstance?.close();
    await app?.close();
  });

  const everywhere = (member: Member): Member[] =>
    instances.map((api) => new Member(api, member.id, member.token, member.session));

  it('are seen at once by the one who wrote, on every instance', async () => {
    const [author, reader] = await app.api.registerMany(2);
    const post = await author!.post();
    await app.database.replicated();
    await app.database.whileReplicasLag(async () => {
      await reader!.follow(author!);
      await reader!.request('PUT', `/v1/posts/${post.id}/like`);
      await author!.request('PATCH', '/v1/users/me', { body: { displayName: 'Renamed' } });
      for (const me of everywhere(reader!)) {
        expect(await me.user(author!.id)).toMatchObject({ followerCount: 1, followedByMe: true });
        expect(await me.get<Post>(`/v1/posts/${post.id}`)).toMatchObject({ likeCount: 1, likedByMe: true });
        const { items } = await me.get<{ items: User[] }>(`/v1/users/${reader!.id}/following`);
        expect(items.map((user) => user.id)).toEqual([author!.id]);
      }
      for (const me of everywhere(author!)) expect((await me.user(author!.id)).displayName).toBe('Renamed');
    });
  });

  it('leave the reads of other people on the replicas', async () => {
    const [author, stranger] = await app.api.registerMany(2);
    const { displayName } = await stranger!.user(author!.id);
    await app.database.replicated();
    await app.database.whileReplicasLag(async () => {
      await author!.request('PATCH', '/v1/users/me', { body: { displayName: 'Renamed' } });
      expect((await stranger!.user(author!.id)).displayName).toBe(displayName);
    });
  });

  it('are read on the primary until a replica has them, and then on the replicas', async () => {
    const author = await app.api.register();
    const [stranger] = await createUsers(app.database, 1);
    await app.database.replicated();
    await app.database.whileReplicasLag(async () => {
      await author.post();
      for (const instance of [app.nest, secondInstance]) {
        expect(await servedBy(instance, author.id)).toBe(primary);
        for (let i = 0; i < 2; i++) expect(replicas).toContain(await servedBy(instance, stranger));
      }
    });
    await app.database.replicated();
    for (const instance of [app.nest, secondInstance]) {
      const both = async () => new Set([await servedBy(instance, author.id), await servedBy(instance, author.id)]);
      const served = async () => [...(await both())].toSorted().join() === replicas.toSorted().join();
      await until(served, { what: 'both replicas to serve' });
    }
  });

  it('are waited for up to the last, in whatever order and on whichever instance they are noted', async () => {
    const [userId] = (await createUsers(app.database, 1)) as [string];
    const asUser = <T>(instance: NestFastifyApplication, work: (own: OwnWrites) => Promise<T>) =>
      requestContext.run({ requestId: 'of a test', userId }, () => work(instance.get(OwnWrites, { strict: false })));
    await asUser(app.nest, (own) => own.note(`${primary}:9`));
    await asUser(app.nest, (own) => own.note(`${primary}:8`));
    await asUser(secondInstance, (own) => own.note(`${primary}:7`));
    expect(await asUser(app.nest, (own) => own.required())).toBe(`${primary}:9`);
    expect(await asUser(secondInstance, (own) => own.required())).toBe(`${primary}:9`);
    const third = await listen(AppModule, app.config);
    try {
      expect(await asUser(third, (own) => own.required())).toBe(`${primary}:9`);
    } finally {
      await third.close();
    }
  });

  it('are remembered for longer than a replica may lag', async () => {
    const patient = await listen(AppModule, testConfig(app.database.name, { REPLICA_MAX_LAG: '10m' }));
    try {
      const member = await new ApiClient(urlOf(patient)).register();
      const key = `own-writes:${member.id}`;
      expect(await app.redis.command<number>('ttl', key)).toBeGreaterThan(600);
    } finally {
      await patient.close();
    }
  });
});
