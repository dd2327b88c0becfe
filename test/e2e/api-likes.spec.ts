import type { Member } from '../support/api-client.js';
import { outcome, UNKNOWN_ID, walkPages, type LikeState } from '../support/answers.js';
import type { Post, User } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

describe('Likes', () => {
  let app: TestApp;
  let author: Member;
  let liker: Member;

  beforeAll(async () => {
    app = await TestApp.start();
    [author, liker] = (await app.api.registerMany(2)) as [Member, Member];
  });
  afterAll(() => app?.close());

  const change = async (who: Member, method: 'PUT' | 'DELETE', postId: string): Promise<LikeState> =>
    (await app.api.expect<LikeState>(200, method, `/v1/posts/${postId}/like`, { token: who.token })).body;

  it('are given and taken back, and doing so again changes nothing', async () => {
    const { id } = await author.post();
    expect(await change(liker, 'PUT', id)).toEqual({ liked: true, likeCount: 1 });
    expect(await change(liker, 'PUT', id)).toEqual({ liked: true, likeCount: 1 });
    expect(await change(author, 'PUT', id)).toEqual({ liked: true, likeCount: 2 });
    expect(await change(liker, 'DELETE', id)).toEqual({ liked: false, likeCount: 1 });
    expect(await change(liker, 'DELETE', id)).toEqual({ liked: false, likeCount: 1 });
  });

  it('show on the post at once for who gave them, also when replicas lag', async () => {
    const { id } = await author.post();
    await app.database.replicated();
    await app.database.whileReplicasLag(async () => {
      await change(liker, 'PUT', id);
      expect(await liker.get<Post>(`/v1/posts/${id}`)).toMatchObject({ likeCount: 1, likedByMe: true });
      await change(liker, 'DELETE', id);
      expect(await liker.get<Post>(`/v1/posts/${id}`)).toMatchObject({ likeCount: 0, likedByMe: false });
    });
  });

  it('are somebody’s own: others see the count and not the mark', async () => {
    const { id } = await author.post();
    await change(liker, 'PUT', id);
    await app.database.replicated();
    expect(await author.get<Post>(`/v1/posts/${id}`)).toMatchObject({ likeCount: 1, likedByMe: false });
  });

  it('given 20 times at once by one person count once', async () => {
    const { id } = await author.post();
    const states = await Promise.all(Array.from({ length: 20 }, () => change(liker, 'PUT', id)));
    expect(new Set(states.map((state) => state.likeCount))).toEqual(new Set([1]));
    await app.settle();
    expect(await app.database.query('SELECT like_count AS n FROM post_counts WHERE post_id = ?', [id])).toEqual([
      { n: 1 },
    ]);
  });

  it('given by many at once are all counted', async () => {
    const { id } = await author.post();
    const fans = await app.api.registerMany(10);
    const states = await Promise.all(fans.map((fan) => change(fan, 'PUT', id)));
    expect(states.map((state) => state.likeCount).toSorted((a, b) => a - b)).toEqual(fans.map((_, index) => index + 1));
    await app.database.replicated();

    const pages = await walkPages<User>(author, `/v1/posts/${id}/likes`, 4);
    expect(pages.map((page) => page.items.length)).toEqual([4, 4, 2]);
    expect(pages.flatMap((page) => page.items.map((user) => user.id)).toSorted()).toEqual(
      fans.map((fan) => fan.id).toSorted(),
    );
  });

  it('and comments do not wait for who changes the author of the post', async () => {
    const { id } = await author.post();
    const lock = await app.database.connect();
    try {
      await lock.beginTransaction();
      await lock.query('SELECT 1 FROM users WHERE id = ? FOR UPDATE', [author.id]);
      expect(await change(liker, 'PUT', id)).toEqual({ liked: true, likeCount: 1 });
      expect(await change(liker, 'DELETE', id)).toEqual({ liked: false, likeCount: 0 });
      const comment = await liker.request('POST', `/v1/posts/${id}/comments`, { body: { content: 'x' } });
      expect(outcome(comment)).toBe('201');
    } finally {
      lock.destroy();
    }
  });

  it('list users as the reader sees them', async () => {
    const { id } = await author.post();
    await author.follow(liker);
    await change(liker, 'PUT', id);
    await app.database.replicated();
    const page = await author.get<{ items: User[] }>(`/v1/posts/${id}/likes`);
    expect(page.items).toEqual([await author.user(liker.id)]);
    expect(page.items[0]!.followedByMe).toBe(true);
  });

  it.each([
    ['PUT', 'like'],
    ['DELETE', 'like'],
    ['GET', 'likes'],
  ])('of a post that is not there are 404 to %s', async (method, path) => {
    const { id } = await author.post();
    await author.request('DELETE', `/v1/posts/${id}`);
    for (const postId of [id, UNKNOWN_ID]) {
      expect(outcome(await liker.request(method, `/v1/posts/${postId}/${path}`))).toBe('404 POST_NOT_FOUND');
    }
  });
});
