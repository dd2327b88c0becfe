import type { Member } from '../support/api-client.js';
import { outcome, UNKNOWN_ID, walkPages, type Comment } from '../support/answers.js';
import type { Page, Post } from '../support/contract.js';
import { countsInRedis } from '../support/post-counts.js';
import { TestApp } from '../support/test-app.js';

describe('Posts', () => {
  let app: TestApp;
  let author: Member;
  let reader: Member;

  beforeAll(async () => {
    app = await TestApp.start();
    [author, reader] = (await app.api.registerMany(2)) as [Member, Member];
  });
  afterAll(() => app?.close());

  const create = (body: unknown) => author.request<Post>('POST', '/v1/posts', { body });

  it('are created with their address, and read by everybody as they were created', async () => {
    const created = await create({ content: 'first' });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`${app.config.http.publicUrl}/v1/posts/${created.body.id}`);
    expect(created.headers.get('cache-control')).toBe('private, no-store');
    expect(await reader.get(`/v1/posts/${created.body.id}`)).toEqual(created.body);
  });

  it.each(['x', '𝕏'.repeat(2_200), '\t.\n', '👩‍👩‍👧‍👦'])('may have 1 to 2,200 code points', async (content) => {
    const { status, body } = await create({ content });
    expect([status, body.content]).toEqual([201, content]);
  });

  it.each<[string, unknown]>([
    ['2,201 code points', { content: '𝕏'.repeat(2_201) }],
    ['nothing', { content: '' }],
    ['no content', {}],
    ['null', { content: null }],
    ['a number', { content: 1 }],
    ['a list', { content: ['x'] }],
    ['an object', { content: { $gt: '' } }],
    ['an unknown field', { content: 'x', authorId: '1' }],
  ])('with %s as content are refused, and the field is named', async (_, body) => {
    const answer = await author.request('POST', '/v1/posts', { body });
    expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
    const field = typeof body === 'object' && 'authorId' in body! ? 'authorId' : 'content';
    expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
  });

  it('can be edited by their author, which shows when', async () => {
    const { id, createdAt } = await author.post('draft');
    const edited = await author.request<Post>('PATCH', `/v1/posts/${id}`, { body: { content: 'final' } });
    expect(edited.status).toBe(200);
    expect(edited.body).toMatchObject({ id, content: 'final', createdAt });
    expect(Date.parse(edited.body.editedAt!)).toBeGreaterThanOrEqual(Date.parse(createdAt));
    await app.database.replicated();
    expect(await reader.get(`/v1/posts/${id}`)).toEqual(edited.body);
  });

  it('can be edited and deleted by nobody else', async () => {
    const { id } = await author.post();
    const edit = await reader.request('PATCH', `/v1/posts/${id}`, { body: { content: 'mine now' } });
    expect(outcome(edit)).toBe('403 FORBIDDEN');
    expect(outcome(await reader.request('DELETE', `/v1/posts/${id}`))).toBe('403 FORBIDDEN');
    expect(await author.get(`/v1/posts/${id}`)).toMatchObject({ content: 'a post', editedAt: null });
  });

  it.each<[string, unknown]>([
    ['GET', undefined],
    ['PATCH', { content: 'x' }],
    ['DELETE', undefined],
  ])('that nobody wrote are 404 to %s', async (method, body) => {
    const answer = await author.request(method, `/v1/posts/${UNKNOWN_ID}`, body === undefined ? {} : { body });
    expect(outcome(answer)).toBe('404 POST_NOT_FOUND');
  });

  it('count in the profile of their author at once', async () => {
    const writer = await app.api.register();
    const { id } = await writer.post();
    await writer.post();
    expect((await writer.get<{ postCount: number }>('/v1/users/me')).postCount).toBe(2);
    await writer.request('DELETE', `/v1/posts/${id}`);
    expect((await writer.get<{ postCount: number }>('/v1/users/me')).postCount).toBe(1);
  });

  it('of an author are listed newest first, each once, with a link to the next page', async () => {
    const writer = await app.api.register();
    const ids = await writer.postMany(7);
    const path = `/v1/users/${writer.id}/posts`;
    await app.database.replicated();

    const pages = await walkPages<Post>(reader, path, 3);
    expect(pages.map((page) => page.items.map((post) => post.id))).toEqual([
      ids.slice(0, 3),
      ids.slice(3, 6),
      ids.slice(6),
    ]);
    const exact = await reader.get<Page<Post>>(`${path}?limit=7`);
    expect([exact.items.length, exact.nextCursor]).toEqual([7, null]);
    const first = await reader.request<Page<Post>>('GET', `${path}?limit=3`);
    const next = `${app.config.http.publicUrl}${path}?limit=3&cursor=${first.body.nextCursor}`;
    expect(first.headers.get('link')).toBe(`<${next}>; rel="next"`);
    const last = await reader.request<Page<Post>>('GET', `${path}?limit=7`);
    expect(last.headers.get('link')).toBeNull();
  });

  it('that were deleted leave the pages of the others full', async () => {
    const writer = await app.api.register();
    const ids = await writer.postMany(6);
    for (const id of ids.slice(1, 4)) await writer.request('DELETE', `/v1/posts/${id}`);
    await app.database.replicated();
    const [page] = await walkPages<Post>(reader, `/v1/users/${writer.id}/posts`, 3);
    expect(page!.items.map((post) => post.id)).toEqual([ids[0], ids[4], ids[5]]);
  });

  it('of nobody are 404, of somebody silent an empty page', async () => {
    const silent = await app.api.register();
    expect(await reader.get(`/v1/users/${silent.id}/posts`)).toEqual({ items: [], nextCursor: null });
    expect(outcome(await reader.request('GET', `/v1/users/${UNKNOWN_ID}/posts`))).toBe('404 USER_NOT_FOUND');
  });

  describe('that are deleted', () => {
    it('are gone at once for their author, also when replicas lag, and cannot be deleted twice', async () => {
      const { id } = await author.post();
      await app.database.replicated();
      await app.database.whileReplicasLag(async () => {
        expect(outcome(await author.request('DELETE', `/v1/posts/${id}`))).toBe('204');
        expect(outcome(await author.request('GET', `/v1/posts/${id}`))).toBe('404 POST_NOT_FOUND');
        expect(outcome(await author.request('DELETE', `/v1/posts/${id}`))).toBe('404 POST_NOT_FOUND');
        const edit = await author.request('PATCH', `/v1/posts/${id}`, { body: { content: 'x' } });
        expect(outcome(edit)).toBe('404 POST_NOT_FOUND');
      });
    });

    it('take their comments, likes, counts and feed entries with them', async () => {
      const [writer, follower] = (await app.api.registerMany(2)) as [Member, Member];
      await follower.follow(writer);
      const kept = await writer.post('stays');
      const { id } = await writer.post('goes');
      for (const post of [id, kept.id]) {
        await follower.request('PUT', `/v1/posts/${post}/like`);
        await follower.request('POST', `/v1/posts/${post}/comments`, { body: { content: 'a comment' } });
      }
      const comments = await follower.get<Page<Comment>>(`/v1/posts/${id}/comments`);
      await app.settle();
      expect(await follower.feedIds()).toEqual([id, kept.id]);

      await app.api.expect(204, 'DELETE', `/v1/posts/${id}`, { token: writer.token });
      await app.database.replicated();
      expect(outcome(await follower.request('GET', `/v1/posts/${id}`))).toBe('404 POST_NOT_FOUND');
      const comment = await follower.request('GET', `/v1/comments/${comments.items[0]!.id}`);
      expect(outcome(comment)).toBe('404 COMMENT_NOT_FOUND');
      for (const list of ['comments', 'likes']) {
        expect(outcome(await follower.request('GET', `/v1/posts/${id}/${list}`))).toBe('404 POST_NOT_FOUND');
      }
      await app.settle();

      for (const [table, column] of [
        ['posts', 'id'],
        ['comments', 'post_id'],
        ['likes', 'post_id'],
        ['post_counts', 'post_id'],
      ]) {
        const left = await app.database.query(`SELECT ${column} AS post FROM ${table} WHERE ${column} IN (?)`, [
          [id, kept.id],
        ]);
        expect([table, left]).toEqual([table, [{ post: kept.id }]]);
      }
      for (const table of ['post_count_changes', 'post_count_checks']) {
        expect(await app.database.query(`SELECT * FROM ${table} WHERE post_id = ?`, [id])).toEqual([]);
      }
      expect(await countsInRedis(app.redis, id)).toBeUndefined();
      expect(await countsInRedis(app.redis, kept.id)).toEqual({ likes: 1, comments: 1 });
      for (const who of [writer, follower]) {
        expect(await who.feedIds()).toEqual([kept.id]);
        expect((await app.redis.entries(who.id)).map((entry) => entry.postId)).toEqual([kept.id]);
      }
    });
  });

  describe('with an ETag', () => {
    it('are sent again only when they have changed', async () => {
      const { id } = await author.post('version 1');
      const path = `/v1/posts/${id}`;
      const first = await author.request('GET', path);
      const etag = first.headers.get('etag')!;
      expect(etag).toMatch(/^"[^"]+"$/);
      const get = (tag: string) => author.request('GET', path, { headers: { 'if-none-match': tag } });

      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await get(tag);
        expect([tag, again.status, again.text]).toEqual([tag, 304, '']);
        expect(again.headers.get('etag')).toBe(etag);
      }
      expect((await get('"other"')).status).toBe(200);
      await author.request('PATCH', path, { body: { content: 'version 2' } });
      await app.database.replicated();
      const changed = await get(etag);
      expect(changed.status).toBe(200);
      expect(changed.headers.get('etag')).not.toBe(etag);
    });
  });
});
