import { PASSWORD, type Member } from '../support/api-client.js';
import { outcome, type Comment, type LikeState } from '../support/answers.js';
import type { FeedPage, OwnUser, Page, Post, Session, TokenPair, User } from '../support/contract.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

/** Every row of the contract once, in the order in which two people might come to use them. */
describe('Two people', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app?.close());

  it('meet, talk, part and leave', async () => {
    const [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
    const call = async <T>(who: Member, status: number, method: string, path: string, body?: unknown): Promise<T> =>
      (await app.api.expect<T>(status, method, path, { token: who.token, ...(body !== undefined && { body }) })).body;

    // Ann says who she is; Bob finds her and follows her.
    await call<OwnUser>(ann, 200, 'PATCH', '/v1/users/me', { displayName: 'Ann Lee', bio: 'Likes trains.' });
    await app.database.replicated();
    const found = await bob.get<Page<User>>('/v1/users?query=ann%20l');
    expect(found.items).toEqual([await bob.user(ann.id)]);
    await bob.follow(ann);
    const { username } = ann.session!.user;
    expect(await bob.get<User>(`/v1/users/by-username/${username}`)).toMatchObject({
      id: ann.id,
      displayName: 'Ann Lee',
      bio: 'Likes trains.',
      followerCount: 1,
      followedByMe: true,
    });
    await ann.follow(bob);
    const idsOf = async (path: string) => (await ann.get<Page<User>>(path)).items.map((user) => user.id);
    expect(await idsOf(`/v1/users/${ann.id}/following`)).toEqual([bob.id]);
    await app.database.replicated();
    expect(await idsOf(`/v1/users/${ann.id}/followers`)).toEqual([bob.id]);

    // Ann posts; Bob sees it within two seconds, likes it and comments on it.
    const post = await ann.post('Hello, Bob!');
    const item = await until(async () => (await bob.get<FeedPage>('/v1/feed')).items[0], {
      what: 'the post in the feed of a follower',
      timeoutMs: 2_000,
    });
    expect(item).toEqual({ post, viewed: false });
    expect(await call<LikeState>(bob, 200, 'PUT', `/v1/posts/${post.id}/like`)).toEqual({ liked: true, likeCount: 1 });
    const commentsPath = `/v1/posts/${post.id}/comments`;
    const comment = await call<Comment>(bob, 201, 'POST', commentsPath, { content: 'Hello, Ann!' });
    const reply = await call<Comment>(ann, 201, 'POST', commentsPath, { content: 'Hm?', parentId: comment.id });
    const edited = await call<Comment>(ann, 200, 'PATCH', `/v1/comments/${reply.id}`, { content: 'How are you?' });
    expect(await ann.get<Comment>(`/v1/comments/${reply.id}`)).toEqual(edited);
    expect((await ann.get<Page<Comment>>(commentsPath)).items).toEqual([comment, edited]);
    expect((await bob.get<Page<User>>(`/v1/posts/${post.id}/likes`)).items.map((user) => user.id)).toEqual([bob.id]);
    await call(bob, 204, 'DELETE', `/v1/comments/${comment.id}`);
    expect(await call<LikeState>(bob, 200, 'DELETE', `/v1/posts/${post.id}/like`)).toMatchObject({ likeCount: 0 });
    const changed = await call<Post>(ann, 200, 'PATCH', `/v1/posts/${post.id}`, { content: 'Hello again, Bob!' });
    expect(changed).toMatchObject({ likeCount: 0, commentCount: 1, editedAt: expect.any(String) as string });
    expect((await ann.get<Page<Post>>(`/v1/users/${ann.id}/posts`)).items).toEqual([changed]);

    // They part: the post leaves Bob's feed, then everything.
    await bob.unfollow(ann);
    expect(await bob.feedIds()).toEqual([]);
    await call(ann, 204, 'DELETE', `/v1/posts/${post.id}`);
    expect(outcome(await ann.request('GET', `/v1/posts/${post.id}`))).toBe('404 POST_NOT_FOUND');
    expect(await ann.feedIds()).toEqual([]);

    // Bob renews his session and ends it; Ann changes her password and goes.
    const { refreshToken } = bob.session!;
    const renewed = await app.api.expect<TokenPair>(200, 'POST', '/v1/auth/refresh', { body: { refreshToken } });
    const last = { token: renewed.body.accessToken, body: { refreshToken: renewed.body.refreshToken } };
    await app.api.expect(204, 'POST', '/v1/auth/logout', last);
    expect(outcome(await bob.request('GET', '/v1/users/me'))).toBe('401 UNAUTHENTICATED');
    const newPassword = 'another horse battery';
    await call(ann, 204, 'PUT', '/v1/users/me/password', { currentPassword: PASSWORD, newPassword });
    await call(ann, 202, 'DELETE', '/v1/users/me', { password: newPassword });
    const back = await app.api.expect<Session>(200, 'POST', '/v1/auth/login', {
      body: { login: bob.session!.user.email, password: PASSWORD },
    });
    await app.settle();
    await app.database.replicated();
    const gone = await app.api.request('GET', `/v1/users/${ann.id}`, { token: back.body.accessToken });
    expect(outcome(gone)).toBe('404 USER_NOT_FOUND');
    expect(back.body.user).toMatchObject({ id: bob.id });
    const me = await app.api.expect<OwnUser>(200, 'GET', '/v1/users/me', { token: back.body.accessToken });
    expect(me.body).toMatchObject({ followerCount: 0, followingCount: 0, postCount: 0 });
  });
});
