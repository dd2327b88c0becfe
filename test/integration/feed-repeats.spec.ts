import { compareIds, type Id } from '../../src/common/id.js';
import { FOLLOW_CREATED } from '../../src/modules/follows/follows.events.js';
import { POST_CREATED } from '../../src/modules/posts/posts.events.js';
import { FeedBuilder } from '../../src/modules/feeds/feed-builder.js';
import { FeedStore } from '../../src/modules/feeds/feed.store.js';
import type { Member } from '../support/api-client.js';
import { createFollows, createPosts } from '../support/factories.js';
import { TestApp } from '../support/test-app.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Nothing rises from the dead: what may have been viewed in a feed, and be gone from it, does not come back. */
describe('What is delivered late, or again', () => {
  let app: TestApp;
  let author: Member;
  /** Has read the feed just now, and comes first among the followers. */
  let reader: Member;
  /** So have they, but come second. */
  let second: Member;
  /** Has not read it for three days. */
  let absent: Member;

  beforeAll(async () => {
    app = await TestApp.start({ env: { FAN_OUT_CHUNK: '1' } });
  });
  afterAll(() => app?.close());

  beforeEach(async () => {
    const members = (await app.api.registerMany(4)).toSorted((a, b) => compareIds(a.id, b.id));
    [author, reader, second, absent] = members as [Member, Member, Member, Member];
    for (const who of [reader, second, absent]) await who.follow(author);
    await app.settle();
    // Built, not read: what a reading leaves behind comes a moment later.
    const builder = app.nest.get(FeedBuilder, { strict: false });
    for (const who of [author, reader, second, absent]) await builder.build(who.id);
    await app.redis.setLastRead(absent.id, Date.now() - 3 * DAY_MS);
  });

  /** A job as it would be found by a worker, after some tries. */
  async function job(
    type: string,
    payload: object,
    ageMs: number,
    tries: number,
    { progress = null, isReplay = false }: { progress?: string | null; isReplay?: boolean } = {},
  ): Promise<void> {
    const createdAt = new Date(Date.now() - ageMs);
    await app.database.execute(
      `INSERT INTO outbox_events (type, payload, available_at, created_at, attempts, progress, finished_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [type, JSON.stringify(payload), createdAt, createdAt, tries, progress, isReplay ? new Date() : null],
    );
    await app.settle();
  }

  /** A post that nobody has got yet. */
  const storedPost = async (ageMs: number): Promise<Id> =>
    (await createPosts(app.database, author.id, [new Date(Date.now() - ageMs)]))[0]!;
  async function delivered(postId: Id, ageMs: number, tries: number, state?: Parameters<typeof job>[4]): Promise<Id[]> {
    await job(POST_CREATED, { postId, authorId: author.id, createdAtMs: Date.now() - ageMs }, ageMs, tries, state);
    const copies = await app.redis.copiesOf(postId, [author.id, reader.id, second.id, absent.id]);
    return [...copies].filter(([, count]) => count === 1).map(([id]) => id);
  }

  it('reaches everybody while no viewed entry can be gone yet', async () => {
    const ageMs = DAY_MS - HOUR_MS;
    for (const tries of [0, 1]) {
      expect(await delivered(await storedPost(ageMs), ageMs, tries)).toEqual([
        author.id,
        reader.id,
        second.id,
        absent.id,
      ]);
    }
  });

  it('reaches the followers at the first try, however late that is; the author has had the post', async () => {
    const ageMs = DAY_MS + HOUR_MS;
    expect(await delivered(await storedPost(ageMs), ageMs, 0)).toEqual([reader.id, second.id, absent.id]);
  });

  it('is withheld, after a day, from who may have got it by an earlier try and have read it, and from nobody else', async () => {
    const ageMs = DAY_MS + HOUR_MS;
    expect(await delivered(await storedPost(ageMs), ageMs, 1)).toEqual([second.id, absent.id]);
    // The one before had served the first and saved it.
    expect(await delivered(await storedPost(ageMs), ageMs, 1, { progress: reader.id })).toEqual([absent.id]);
  });

  it('is added only where nobody can have read it, after a day, by a replay', async () => {
    const ageMs = DAY_MS + HOUR_MS;
    expect(await delivered(await storedPost(ageMs), ageMs, 1, { isReplay: true })).toEqual([absent.id]);
  });

  it('still leaves every feed when it was deleted', async () => {
    const post = await author.post();
    await app.settle();
    await author.request('DELETE', `/v1/posts/${post.id}`);
    await app.settle();
    expect(await delivered(post.id, DAY_MS + HOUR_MS, 1)).toEqual([]);
  });

  it('comes back after a follow of the same day, whatever its age', async () => {
    const old = await storedPost(3 * DAY_MS);
    const follow = { followerId: reader.id, followeeId: author.id };
    await job(FOLLOW_CREATED, follow, DAY_MS - HOUR_MS, 1);
    expect(await app.redis.entries(reader.id)).toEqual([expect.objectContaining({ postId: old, viewed: false })]);
  });

  it.each([0, 1])(
    'does not come back after a follow of the day before, if somebody has read (%i tries)',
    async (tries) => {
      const [young, old] = await createPosts(app.database, author.id, [
        new Date(Date.now() - 3 * DAY_MS),
        new Date(Date.now() - HOUR_MS),
      ]);
      for (const who of [reader, absent]) {
        await job(FOLLOW_CREATED, { followerId: who.id, followeeId: author.id }, DAY_MS + HOUR_MS, tries);
      }
      expect((await app.redis.entries(reader.id)).map(({ postId }) => postId)).toEqual([young]);
      expect((await app.redis.entries(absent.id)).map(({ postId }) => postId)).toEqual([young, old]);
    },
  );

  it('is not built into a feed whose reader leaves its author meanwhile', async () => {
    const other = await app.api.register();
    await createFollows(app.database, [[reader.id, other.id]]);
    const [kept] = await createPosts(app.database, other.id, [new Date()]);
    const { id: left } = await author.post();
    await app.settle();
    await app.redis.deleteFeeds(reader.id);

    const store = app.nest.get(FeedStore, { strict: false });
    const add = store.add.bind(store);
    let first = true;
    store.add = async (...args) => {
      if (first) {
        first = false;
        await reader.unfollow(author);
        await app.settle();
      }
      return add(...args);
    };
    try {
      await reader.feed();
    } finally {
      store.add = add;
    }
    expect(first).toBe(false);
    expect((await app.redis.entries(reader.id)).map(({ postId }) => postId)).toEqual([kept]);
    expect(left).not.toBe(kept);
  });
});
