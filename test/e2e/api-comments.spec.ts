import type { Member } from '../support/api-client.js';
import { outcome, UNKNOWN_ID, walkPages, type Comment } from '../support/answers.js';
import type { Post } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

describe('Comments', () => {
  let app: TestApp;
  let author: Member;
  let commenter: Member;
  let stranger: Member;
  let post: Post;

  beforeAll(async () => {
    app = await TestApp.start();
    [author, commenter, stranger] = (await app.api.registerMany(3)) as [Member, Member, Member];
    post = await author.post();
  });
  afterAll(() => app?.close());

  const write = (body: unknown, postId = post.id) =>
    commenter.request<Comment & { errors?: { field: string }[] }>('POST', `/v1/posts/${postId}/comments`, { body });
  const written = async (body: unknown, postId = post.id) => {
    const answer = await write(body, postId);
    expect(answer.status).toBe(201);
    return answer.body;
  };

  it('are created with their address, and read by everybody as they were created', async () => {
    const created = await write({ content: 'Well said!' });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.stringMatching(/^[1-9][0-9]*$/),
      postId: post.id,
      parentId: null,
      author: { id: commenter.id, username: expect.any(String), displayName: expect.any(String), avatarUrl: null },
      content: 'Well said!',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      editedAt: null,
    });
    expect(created.headers.get('location')).toBe(`${app.config.http.publicUrl}/v1/comments/${created.body.id}`);
    expect(await stranger.get(`/v1/comments/${created.body.id}`)).toEqual(created.body);
  });

  it('count at once for who wrote them, also when replicas lag', async () => {
    const { id } = await author.post();
    await app.database.replicated();
    await app.database.whileReplicasLag(async () => {
      const comment = await written({ content: 'one' }, id);
      expect(await commenter.get(`/v1/posts/${id}`)).toMatchObject({ commentCount: 1 });
      await commenter.request('DELETE', `/v1/comments/${comment.id}`);
      expect(await commenter.get(`/v1/posts/${id}`)).toMatchObject({ commentCount: 0 });
    });
  });

  it.each(['x', '𝕏'.repeat(1_000)])('may have 1 to 1,000 code points', async (content) => {
    expect((await written({ content })).content).toBe(content);
  });

  it.each<[string, unknown, string]>([
    ['1,001 code points', { content: '𝕏'.repeat(1_001) }, 'content'],
    ['nothing', { content: '' }, 'content'],
    ['a number', { content: 7 }, 'content'],
    ['no content', {}, 'content'],
    ['a parent that is a number', { content: 'x', parentId: 7 }, 'parentId'],
    ['a parent above 2^63 - 1', { content: 'x', parentId: '9223372036854775808' }, 'parentId'],
    ['an unknown field', { content: 'x', postId: '7' }, 'postId'],
  ])('with %s are refused, and the field is named', async (_, body, field) => {
    const answer = await write(body);
    expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
  });

  it('under no post are 404', async () => {
    expect(outcome(await write({ content: 'x' }, UNKNOWN_ID))).toBe('404 POST_NOT_FOUND');
    const list = await commenter.request('GET', `/v1/posts/${UNKNOWN_ID}/comments`);
    expect(outcome(list)).toBe('404 POST_NOT_FOUND');
  });

  it.each<[string, unknown]>([
    ['GET', undefined],
    ['PATCH', { content: 'x' }],
    ['DELETE', undefined],
  ])('that nobody wrote are 404 to %s', async (method, body) => {
    const answer = await author.request(method, `/v1/comments/${UNKNOWN_ID}`, body === undefined ? {} : { body });
    expect(outcome(answer)).toBe('404 COMMENT_NOT_FOUND');
  });

  it('are listed oldest first, each once, with their replies among them', async () => {
    const { id } = await author.post();
    const comments: Comment[] = [];
    for (let i = 0; i < 5; i++) {
      const parentId = comments[0]?.id;
      comments.push(await written({ content: `comment ${i}`, ...(i === 3 && { parentId }) }, id));
    }
    await app.database.replicated();
    const pages = await walkPages<Comment>(stranger, `/v1/posts/${id}/comments`, 2);
    expect(pages.map((page) => page.items.length)).toEqual([2, 2, 1]);
    expect(pages.flatMap((page) => page.items)).toEqual(comments);
    expect(comments[3]!.parentId).toBe(comments[0]!.id);
  });

  describe('that answer others', () => {
    it('stay when their parent is deleted, and keep its id', async () => {
      const parent = await written({ content: 'parent' });
      const reply = await written({ content: 'reply', parentId: parent.id });
      await commenter.request('DELETE', `/v1/comments/${parent.id}`);
      expect(await stranger.get(`/v1/comments/${reply.id}`)).toEqual({ ...reply, parentId: parent.id });
    });

    it('cannot answer what is under another post, deleted, or never was', async () => {
      const elsewhere = await written({ content: 'elsewhere' }, (await author.post()).id);
      const gone = await written({ content: 'gone' });
      await commenter.request('DELETE', `/v1/comments/${gone.id}`);
      for (const parentId of [elsewhere.id, gone.id, UNKNOWN_ID]) {
        expect(outcome(await write({ content: 'x', parentId }))).toBe('404 COMMENT_NOT_FOUND');
      }
    });
  });

  it('can be edited by who wrote them, and by nobody else', async () => {
    const { id } = await written({ content: 'first' });
    for (const other of [author, stranger]) {
      const answer = await other.request('PATCH', `/v1/comments/${id}`, { body: { content: 'changed' } });
      expect(outcome(answer)).toBe('403 FORBIDDEN');
    }
    const edited = await commenter.request<Comment>('PATCH', `/v1/comments/${id}`, { body: { content: 'second' } });
    expect([edited.status, edited.body.content, typeof edited.body.editedAt]).toEqual([200, 'second', 'string']);
    await app.database.replicated();
    expect(await stranger.get(`/v1/comments/${id}`)).toEqual(edited.body);
  });

  it('can be deleted by who wrote them and by who wrote the post, and by nobody else', async () => {
    for (const allowed of [commenter, author]) {
      const { id } = await written({ content: 'x' });
      expect(outcome(await stranger.request('DELETE', `/v1/comments/${id}`))).toBe('403 FORBIDDEN');
      expect(outcome(await allowed.request('DELETE', `/v1/comments/${id}`))).toBe('204');
      await app.database.replicated();
      expect(outcome(await commenter.request('GET', `/v1/comments/${id}`))).toBe('404 COMMENT_NOT_FOUND');
      expect(outcome(await allowed.request('DELETE', `/v1/comments/${id}`))).toBe('404 COMMENT_NOT_FOUND');
    }
  });

  it('have an ETag, with which they are sent only when they have changed', async () => {
    const { id } = await written({ content: 'x' });
    const etag = (await stranger.request('GET', `/v1/comments/${id}`)).headers.get('etag')!;
    const again = await stranger.request('GET', `/v1/comments/${id}`, { headers: { 'if-none-match': etag } });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});
