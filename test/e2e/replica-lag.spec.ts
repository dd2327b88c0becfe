import { PASSWORD } from '../support/api-client.js';
import type { Session } from '../support/contract.js';
import { createPosts } from '../support/factories.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/settle.js';

/** A miss on a lagging replica proves nothing, and the one who acted sees the effect in their next request. */
describe('While the replicas lag behind', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app?.close());

  it('somebody registers, logs in and finds their account', async () => {
    await app.database.whileReplicasLag(async () => {
      const member = await app.api.register();
      const { username } = member.session!.user;
      const login = await app.api.expect<Session>(200, 'POST', '/v1/auth/login', {
        body: { login: username, password: PASSWORD },
      });
      await app.api.expect(200, 'GET', '/v1/users/me', { token: login.body.accessToken });
      expect((await member.user(member.id)).username).toBe(username);
    });
  });

  it('a post is shown to its author and reaches its followers', async () => {
    const [author, follower] = await app.api.registerMany(2);
    await follower!.follow(author!);
    await follower!.feed();
    await app.database.whileReplicasLag(async () => {
      const post = await author!.post();
      expect(await author!.get(`/v1/posts/${post.id}`)).toEqual(post);
      expect(await author!.feedIds()).toEqual([post.id]);
      const arrived = async () => (await follower!.feedIds()).length === 1;
      await until(arrived, { what: 'the post in the feed', timeoutMs: 2_000 });
    });
  });

  it('a follow brings posts in at once, old ones too', async () => {
    const [author, reader] = await app.api.registerMany(2);
    const [old] = await createPosts(app.database, author!.id, [new Date(Date.now() - 30 * 86_400_000)]);
    const recent = await author!.post();
    await reader!.feed();
    await app.database.replicated();
    await app.database.whileReplicasLag(async () => {
      await reader!.follow(author!);
      expect(await reader!.feedIds()).toEqual([recent.id, old]);
    });
  });

  it('an unfollow takes posts out at once, old ones too', async () => {
    const [author, reader] = await app.api.registerMany(2);
    await createPosts(app.database, author!.id, [new Date(Date.now() - 30 * 86_400_000)]);
    await author!.post();
    await reader!.follow(author!);
    await app.database.replicated();
    expect(await reader!.feedIds()).toHaveLength(2);
    await app.database.whileReplicasLag(async () => {
      await reader!.unfollow(author!);
      expect(await reader!.feedIds()).toEqual([]);
    });
  });

  it('a feed that is rebuilt misses nothing', async () => {
    const [author, reader] = await app.api.registerMany(2);
    await app.database.whileReplicasLag(async () => {
      await reader!.follow(author!);
      const ids = await author!.postMany(3);
      await app.settle();
      await app.redis.deleteFeeds(reader!.id);
      expect(await reader!.feedIds()).toEqual(ids);
    });
  });
});
