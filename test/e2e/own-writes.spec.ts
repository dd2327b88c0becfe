import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { ApiClient, Member } from '../support/api-client.js';
import type { Post, User } from '../support/contract.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';

/** The replicas stand still; the primary has what was just written. */
describe('Own writes', () => {
  let app: TestApp;
  let secondInstance: NestFastifyApplication;
  let instances: ApiClient[];

  beforeAll(async () => {
    app = await TestApp.start();
    secondInstance = await listen(AppModule, app.config);
    instances = [app.api, new ApiClient(urlOf(secondInstance))];
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
});
