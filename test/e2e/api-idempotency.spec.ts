import { randomBytes } from 'node:crypto';
import type { Member } from '../support/api-client.js';
import { outcome, tally, UNKNOWN_ID, walkPages, type Comment } from '../support/answers.js';
import type { Post } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

const DAY_MS = 86_400_000;

describe('Idempotency-Key', () => {
  let app: TestApp;
  let ann: Member;
  let bob: Member;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
  });
  afterAll(() => app?.close());

  const newKey = () => randomBytes(8).toString('hex');
  const send = (who: Member, key: string, body: unknown = { content: 'once' }, path = '/v1/posts') =>
    who.request<Post & Comment>('POST', path, { body, headers: { 'idempotency-key': key } });
  const postsOf = async (who: Member): Promise<number> =>
    (await walkPages(who, `/v1/users/${who.id}/posts`, 100)).flatMap((page) => page.items).length;

  it('of 100 requests at once makes one post, and all get the same answer', async () => {
    const member = await app.api.register();
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(member, key)));
    expect(tally(answers)).toEqual({ '201': 100 });
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.headers.get('location')))).toEqual(
      new Set([`${app.config.http.publicUrl}/v1/posts/${answers[0]!.body.id}`]),
    );
    expect(await app.database.query('SELECT id FROM posts WHERE author_id = ?', [member.id])).toEqual([
      { id: answers[0]!.body.id },
    ]);
    expect(await member.get('/v1/users/me')).toMatchObject({ postCount: 1 });
    const events = await app.database.query(
      "SELECT 1 FROM outbox_events WHERE type = 'post.created' AND payload->>'$.authorId' = ?",
      [member.id],
    );
    expect(events).toHaveLength(1);
  });

  it('answers a repeat as it did the first time, whatever has become of the post', async () => {
    const key = newKey();
    const first = await send(ann, key);
    await ann.request('PATCH', `/v1/posts/${first.body.id}`, { body: { content: 'edited since' } });
    const again = await send(ann, key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    await ann.request('DELETE', `/v1/posts/${first.body.id}`);
    expect((await send(ann, key)).body).toEqual(first.body);
  });

  it('takes the same fields in another order for the same request', async () => {
    const post = await ann.post();
    const parent = await send(ann, newKey(), { content: 'parent' }, `/v1/posts/${post.id}/comments`);
    const key = newKey();
    const path = `/v1/posts/${post.id}/comments`;
    const first = await send(ann, key, { content: 'x', parentId: parent.body.id }, path);
    const again = await send(ann, key, { parentId: parent.body.id, content: 'x' }, path);
    expect([again.status, again.body]).toEqual([201, first.body]);
  });

  it('with another body is refused, and nothing is made', async () => {
    const member = await app.api.register();
    const key = newKey();
    await send(member, key);
    expect(outcome(await send(member, key, { content: 'another' }))).toBe('422 IDEMPOTENCY_KEY_REUSED');
    expect(await postsOf(member)).toBe(1);
  });

  it('belongs to one user', async () => {
    const key = newKey();
    const [mine, theirs] = [await send(ann, key), await send(bob, key, { content: 'of somebody else' })];
    expect([theirs.status, theirs.body.author.id]).toEqual([201, bob.id]);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  it('belongs to one path', async () => {
    const key = newKey();
    const posts = [await ann.post(), await ann.post()];
    const made = await send(ann, key);
    const comments = await Promise.all(
      posts.map(({ id }) => send(ann, key, { content: 'once' }, `/v1/posts/${id}/comments`)),
    );
    expect(comments.map((answer) => [answer.status, answer.body.postId])).toEqual(posts.map(({ id }) => [201, id]));
    expect(made.status).toBe(201);
  });

  it('makes one comment of many repeats', async () => {
    const post = await ann.post();
    const key = newKey();
    const path = `/v1/posts/${post.id}/comments`;
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(bob, key, { content: 'once' }, path)));
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
    expect(await bob.get(`/v1/posts/${post.id}`)).toMatchObject({ commentCount: 1 });
    expect(answers[0]!.headers.get('location')).toBe(`${app.config.http.publicUrl}/v1/comments/${answers[0]!.body.id}`);
  });

  it('of a request that failed can be used again, with another body too', async () => {
    const key = newKey();
    const post = await ann.post();
    const path = `/v1/posts/${post.id}/comments`;
    expect(outcome(await send(ann, key, { content: '' }, path))).toBe('400 VALIDATION_FAILED');
    expect(outcome(await send(ann, key, { content: 'x', parentId: UNKNOWN_ID }, path))).toBe('404 COMMENT_NOT_FOUND');
    expect(outcome(await send(ann, key, { content: 'y' }, path))).toBe('201');
    expect(outcome(await send(ann, key, { content: 'z' }, path))).toBe('422 IDEMPOTENCY_KEY_REUSED');
  });

  it('is forgotten after 24 hours, and not before', async () => {
    const age = (key: string, ms: number) =>
      app.database.execute(
        'UPDATE idempotency_keys SET created_at = ? WHERE user_id = ? ORDER BY created_at DESC LIMIT 1',
        [new Date(Date.now() - ms), key],
      );
    const member = await app.api.register();
    const key = newKey();
    const first = await send(member, key);
    await age(member.id, DAY_MS - 60_000);
    expect((await send(member, key)).body.id).toBe(first.body.id);
    await age(member.id, DAY_MS + 1);
    const later = await send(member, key, { content: 'a new one' });
    expect(later.status).toBe(201);
    expect(later.body.id).not.toBe(first.body.id);
    expect((await send(member, key, { content: 'a new one' })).body).toEqual(later.body);
  });

  it.each(['x', '!~', 'x'.repeat(255)])('may be 1 to 255 visible ASCII characters: %s', async (key) => {
    expect(outcome(await send(await app.api.register(), key))).toBe('201');
  });

  it.each(['', 'a b', 'x'.repeat(256), 'é', 'a\tb'])('may not be %j', async (key) => {
    const answer = await ann.request('POST', '/v1/posts', {
      body: { content: 'x' },
      headers: { 'idempotency-key': key },
    });
    expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors?.map((error) => error.field)).toEqual(['Idempotency-Key']);
  });
});
