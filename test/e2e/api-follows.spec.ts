import type { Member } from '../support/api-client.js';
import { outcome, UNKNOWN_ID, walkPages } from '../support/answers.js';
import type { User } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

describe('Follows', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app?.close());

  const two = async () => (await app.api.registerMany(2)) as [Member, Member];

  it('count on both sides, however often they are repeated', async () => {
    const [ann, bob] = await two();
    for (let i = 0; i < 2; i++) await ann.follow(bob);
    expect(await ann.get('/v1/users/me')).toMatchObject({ followingCount: 1, followerCount: 0 });
    expect(await bob.get('/v1/users/me')).toMatchObject({ followingCount: 0, followerCount: 1 });
    for (let i = 0; i < 2; i++) await ann.unfollow(bob);
    expect(await ann.get('/v1/users/me')).toMatchObject({ followingCount: 0, followerCount: 0 });
    expect(await bob.get('/v1/users/me')).toMatchObject({ followingCount: 0, followerCount: 0 });
  });

  it('show at once on the profile to who made them, also when replicas lag', async () => {
    const [ann, bob] = await two();
    await app.database.replicated();
    await app.database.whileReplicasLag(async () => {
      await ann.follow(bob);
      expect(await ann.user(bob.id)).toMatchObject({ followedByMe: true, followerCount: 1 });
      await ann.unfollow(bob);
      expect(await ann.user(bob.id)).toMatchObject({ followedByMe: false, followerCount: 0 });
    });
  });

  it('made 20 times at once count once', async () => {
    const [ann, bob] = await two();
    await Promise.all(Array.from({ length: 20 }, () => ann.follow(bob)));
    expect(await bob.get('/v1/users/me')).toMatchObject({ followerCount: 1 });
  });

  it('in both directions at once do not get in each other’s way', async () => {
    const people = await app.api.registerMany(6);
    const pairs = people.flatMap((from) => people.filter((to) => to !== from).map((to) => [from, to] as const));
    await Promise.all(pairs.map(([from, to]) => from.follow(to)));
    for (const person of people) {
      expect(await person.get('/v1/users/me')).toMatchObject({ followerCount: 5, followingCount: 5 });
    }
    await Promise.all(pairs.map(([from, to]) => from.unfollow(to)));
    for (const person of people) {
      expect(await person.get('/v1/users/me')).toMatchObject({ followerCount: 0, followingCount: 0 });
    }
  });

  it('are listed on both sides, each once', async () => {
    const [hub, ...others] = (await app.api.registerMany(8)) as [Member, ...Member[]];
    await Promise.all(others.map((other) => other.follow(hub)));
    await Promise.all(others.slice(0, 5).map((other) => hub.follow(other)));
    await app.database.replicated();
    const ids = others.map((other) => other.id);

    const followers = await walkPages<User>(hub, `/v1/users/${hub.id}/followers`, 3);
    expect(followers.map((page) => page.items.length)).toEqual([3, 3, 1]);
    expect(followers.flatMap((page) => page.items.map((user) => user.id)).toSorted()).toEqual(ids.toSorted());
    const marks = followers.flatMap((page) => page.items).map((user) => [user.id, user.followedByMe]);
    expect(Object.fromEntries(marks)).toEqual(Object.fromEntries(ids.map((id, index) => [id, index < 5])));

    const following = await walkPages<User>(others[0]!, `/v1/users/${hub.id}/following`, 2);
    expect(following.map((page) => page.items.length)).toEqual([2, 2, 1]);
    expect(following.flatMap((page) => page.items.map((user) => user.id)).toSorted()).toEqual(
      ids.slice(0, 5).toSorted(),
    );
  });

  it('of oneself are refused', async () => {
    const ann = await app.api.register();
    for (const method of ['PUT', 'DELETE']) {
      const answer = await ann.request(method, `/v1/users/${ann.id}/follow`);
      expect(outcome(answer)).toBe('422 CANNOT_FOLLOW_SELF');
    }
  });

  it.each([
    ['PUT', 'follow'],
    ['DELETE', 'follow'],
    ['GET', 'followers'],
    ['GET', 'following'],
  ])('of nobody are 404 to %s %s', async (method, path) => {
    const ann = await app.api.register();
    expect(outcome(await ann.request(method, `/v1/users/${UNKNOWN_ID}/${path}`))).toBe('404 USER_NOT_FOUND');
  });
});
