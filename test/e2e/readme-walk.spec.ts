import { TestApp } from '../support/test-app.js';
import { until } from '../support/settle.js';
import { PASSWORD } from '../support/api-client.js';
import type { FeedPage, Post, Session } from '../support/contract.js';

describe('The walk of the README', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app?.close());

  it('takes two people from registration to a post in a feed', async () => {
    const { api } = app;
    const account = (username: string) => ({ username, email: `${username}@example.test`, password: PASSWORD });

    const registered = await api.expect<Session>(201, 'POST', '/v1/auth/register', { body: account('alice') });
    expect(registered.body).toEqual({
      user: {
        id: expect.stringMatching(/^[1-9][0-9]*$/),
        username: 'alice',
        email: 'alice@example.test',
        displayName: 'alice',
        bio: '',
        avatarUrl: null,
        postCount: 0,
        followerCount: 0,
        followingCount: 0,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        followedByMe: false,
      },
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      expiresIn: 900,
    });
    const alice = registered.body;
    await api.expect(201, 'POST', '/v1/auth/register', { body: account('bob') });

    const login = await api.expect<Session>(200, 'POST', '/v1/auth/login', {
      body: { login: 'BOB@example.test', password: PASSWORD },
    });
    const bob = login.body.accessToken;
    await api.expect(204, 'PUT', `/v1/users/${alice.user.id}/follow`, { token: bob });

    const posted = await api.expect<Post>(201, 'POST', '/v1/posts', {
      token: alice.accessToken,
      body: { content: 'Hello,\nworld 👋' },
    });
    expect(posted.body).toEqual({
      id: expect.stringMatching(/^[1-9][0-9]*$/),
      author: { id: alice.user.id, username: 'alice', displayName: 'alice', avatarUrl: null },
      content: 'Hello,\nworld 👋',
      media: [],
      likeCount: 0,
      commentCount: 0,
      likedByMe: false,
      createdAt: expect.any(String),
      editedAt: null,
    });
    expect(posted.headers.get('location')).toMatch(new RegExp(`^http://.*/v1/posts/${posted.body.id}$`));

    const own = await api.expect<FeedPage>(200, 'GET', '/v1/feed', { token: alice.accessToken });
    expect(own.body).toEqual({ items: [{ post: posted.body, viewed: false }], nextCursor: null });
    expect(own.headers.get('cache-control')).toBe('private, no-store');

    const page = await until(
      async () => {
        const answer = await api.expect<FeedPage>(200, 'GET', '/v1/feed', { token: bob });
        return answer.body.items.length > 0 && answer.body;
      },
      { what: "the post in the follower's feed", timeoutMs: 2_000 },
    );
    expect(page.items.map(({ post }) => post)).toEqual([posted.body]);
  });
});
