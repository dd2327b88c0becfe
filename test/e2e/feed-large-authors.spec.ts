import type { Id } from '../../src/common/id.js';
import type { Member } from '../support/api-client.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

const THRESHOLD = 3;
/** Longer ago than any late commit or lag of a replica. */
const SETTLED_MS = 60_000;

describe('Posts of a large author', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { LARGE_AUTHOR_FOLLOWERS: String(THRESHOLD) } })));
  afterAll(() => app?.close());

  /** An author with so many followers that their next post is pulled, and the first of those followers. */
  async function largeAuthor(): Promise<{ author: Member; reader: Member; others: Member[]; pushed: Id }> {
    const [author, reader, ...others] = (await app.api.registerMany(THRESHOLD + 1)) as [Member, Member, ...Member[]];
    for (const follower of [reader, ...others]) await follower.follow(author);
    const { id: pushed } = await author.post('the last one that is pushed');
    await app.settle();
    return { author, reader, others, pushed };
  }
  const stored = async (reader: Member) => (await app.redis.entries(reader.id)).map(({ postId }) => postId);
  const watermarkOf = async (reader: Member) => (await app.redis.sentinel(reader.id))!.split(':')[5];
  const isPulled = async (id: Id) =>
    (await app.database.query<{ pulled: number }>('SELECT pulled FROM posts WHERE id = ?', [id]))[0]!.pulled === 1;
  /** A post from longer ago, straight into the table. */
  async function storePulled(author: Member, ageMs: number): Promise<Id> {
    const at = new Date(Date.now() - ageMs);
    await app.database.execute(
      "INSERT INTO posts (author_id, content, created_at, pulled) VALUES (?, 'from longer ago', ?, 1)",
      [author.id, at],
    );
    const [row] = await app.database.query<{ id: Id }>('SELECT MAX(id) AS id FROM posts WHERE author_id = ?', [
      author.id,
    ]);
    await app.database.replicated();
    return row!.id;
  }

  it('are pushed to nobody but the author, and are there when a follower reads', async () => {
    const { author, reader, others, pushed } = await largeAuthor();
    for (const member of [author, reader, ...others]) await member.feed();
    const { id } = await author.post();
    await app.settle();
    expect(await isPulled(id)).toBe(true);
    expect(await stored(author)).toEqual([id, pushed]);
    expect(await stored(reader)).toEqual([pushed]);
    expect(await reader.feedIds()).toEqual([id, pushed]);
    expect(await stored(reader)).toEqual([id, pushed]);
    expect(await stored(others[0]!)).toEqual([pushed]);
  });

  it('are ordinary entries from then on: seen once, shown once, gone when deleted', async () => {
    const { author, reader, pushed } = await largeAuthor();
    const { id } = await author.post();
    await app.settle();
    await reader.feed();
    await until(async () => (await app.redis.entries(reader.id)).every(({ viewed }) => viewed), {
      what: 'the entries to be viewed',
    });
    expect(await reader.feedIds()).toEqual([id, pushed]);
    expect((await app.redis.entries(reader.id)).filter(({ postId }) => postId === id)).toHaveLength(1);
    await author.request('DELETE', `/v1/posts/${id}`);
    await until(async () => (await reader.feedIds()).join() === pushed, { what: 'the post to be gone' });
  });

  it('do not rise from the dead once they were viewed and their time is over', async () => {
    const { author, reader } = await largeAuthor();
    const old = await storePulled(author, SETTLED_MS);
    expect((await reader.feed()).items.map(({ post }) => post.id)).toContain(old);
    expect(await watermarkOf(reader)).toBe(old);
    await app.redis.command('zremrangebyscore', app.redis.feedKey(reader.id), old, old);
    await reader.feed();
    expect(await stored(reader)).not.toContain(old);
  });

  it('do not rise when their reader comes back long after they were seen, but those that came since are there', async () => {
    const { author, reader } = await largeAuthor();
    await reader.feed();
    const seen = await storePulled(author, 0); // too new for the watermark
    expect((await reader.feedIds())[0]).toBe(seen);
    expect(await watermarkOf(reader)).toBe('0');
    // Two days pass: what was viewed has expired and was swept.
    const twoDaysMs = 2 * 86_400_000;
    await app.database.execute('UPDATE posts SET created_at = created_at - INTERVAL 2 DAY WHERE id = ?', [seen]);
    await until(async () => (await app.redis.entries(reader.id)).every(({ viewed }) => viewed), { what: 'the views' });
    const key = app.redis.feedKey(reader.id);
    const before = (await app.redis.sentinel(reader.id))!;
    const [zero, state, token, , ...rest] = before.split(':');
    const lastReadAt = Math.floor((Date.now() - twoDaysMs) / 1_000);
    await app.redis.command('zadd', key, 0, [zero, state, token, lastReadAt, ...rest].join(':'));
    await app.redis.command('zrem', key, before);
    await app.redis.command('zremrangebyscore', key, seen, seen);
    const since = await storePulled(author, twoDaysMs - SETTLED_MS);

    expect((await reader.feedIds())[0]).toBe(since);
    expect(await stored(reader)).toContain(since);
    expect(await stored(reader)).not.toContain(seen);
  });

  it('are not missed when one with a lower id is committed later', async () => {
    const { author, reader, pushed } = await largeAuthor();
    await reader.feed();
    const connection = await app.database.connect();
    await connection.beginTransaction();
    await connection.query("INSERT INTO posts (author_id, content, created_at, pulled) VALUES (?, 'late', ?, 1)", [
      author.id,
      new Date(),
    ]);
    const { id: higher } = await author.post();
    await app.database.replicated();
    expect(await reader.feedIds()).toEqual([higher, pushed]);
    await connection.commit();
    connection.destroy();
    await app.database.replicated();
    const ids = await reader.feedIds();
    expect(ids).toHaveLength(3);
    expect(ids).toEqual(ids.toSorted((a, b) => Number(BigInt(b) - BigInt(a))));
  });

  it('are not searched from the beginning every time', async () => {
    const { author, reader } = await largeAuthor();
    await reader.feed();
    const first = await storePulled(author, 2 * SETTLED_MS);
    await reader.feed();
    expect(await watermarkOf(reader)).toBe(first);
    await author.post(); // too young to be sure of
    await app.database.replicated();
    await reader.feed();
    expect(await watermarkOf(reader)).toBe(first);
  });

  it('come into a feed that is built anew, and the watermark with them', async () => {
    const { author, reader, pushed } = await largeAuthor();
    const old = await storePulled(author, SETTLED_MS);
    await app.redis.deleteFeeds(reader.id);
    expect(await reader.feedIds()).toEqual([old, pushed]);
    expect(BigInt((await watermarkOf(reader))!)).toBeGreaterThanOrEqual(BigInt(old));
  });

  it('are not pulled into the middle of a walk', async () => {
    const { author, reader, pushed } = await largeAuthor();
    const own = await reader.post();
    await app.settle();
    const { nextCursor } = await reader.feed({ limit: 1 });
    await author.post();
    await app.database.replicated();
    const next = await reader.feed({ limit: 5, cursor: nextCursor! });
    expect(next.items.map(({ post }) => post.id)).toEqual([pushed]);
    expect(own.id).toBeDefined();
  });

  it('are delivered once each while their author grows and shrinks', async () => {
    const { author, reader, others, pushed } = await largeAuthor();
    const written = [pushed];
    const post = async () => {
      written.unshift((await author.post()).id);
      await app.settle();
      return isPulled(written[0]!);
    };
    expect(await post()).toBe(true);
    await reader.feed();
    for (const other of others) await other.unfollow(author);
    expect(await post()).toBe(true); // decided before it was known
    expect(await post()).toBe(false);
    for (const other of others) await other.follow(author);
    expect(await post()).toBe(false);
    expect(await post()).toBe(true);
    await app.database.replicated();
    expect(await reader.feedIds()).toEqual(written);
    expect((await app.redis.copiesOf(written[1]!, [reader.id])).get(reader.id)).toBe(1);
  });
});
