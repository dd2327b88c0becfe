import { batches } from '../../src/common/batches.js';
import type { Id } from '../../src/common/id.js';
import { FeedAudit } from '../../src/modules/feeds/feed-audit.js';
import { FeedAuditStore } from '../../src/modules/feeds/feed-audit.store.js';
import { FeedBuilder } from '../../src/modules/feeds/feed-builder.js';
import { POST_CREATED, POST_DELETED } from '../../src/modules/posts/posts.events.js';
import { FOLLOW_CREATED, FOLLOW_REMOVED } from '../../src/modules/follows/follows.events.js';
import { ApiClient } from '../support/api-client.js';
import { createFollows, createPosts, createUsers } from '../support/factories.js';
import { Metrics } from '../support/metrics.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

const HOUR_MS = 3_600_000;
const CAP = 12;
const AGES_H = [1, 2, 3, 30];

describe(FeedAudit.name, () => {
  let app: TestApp;
  let author: Id;
  let reader: Id;
  /** Of the author, newest first; the last one is so old that it may have been viewed and be gone. */
  let posts: [Id, Id, Id, Id];
  let own: Id;
  let right: string[];

  beforeAll(async () => {
    app = await TestApp.start({ env: { FEED_MAX_ENTRIES: String(CAP) } });
  });
  afterAll(() => app?.close());
  beforeEach(async () => {
    [author, reader] = (await createUsers(app.database, 2)) as [Id, Id];
    await createFollows(app.database, [[reader, author]]);
    const ages = AGES_H.toReversed().map(hoursAgo);
    posts = (await createPosts(app.database, author, ages)) as typeof posts;
    [own] = (await createPosts(app.database, reader, [hoursAgo(1)])) as [Id];
    await app.nest.get(FeedBuilder, { strict: false }).build(reader);
    right = await members();
    if (right.length !== 1 + posts.length + 1) throw new Error('the feed is not as the tests expect it');
  });

  const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS);
  const members = () => app.redis.members(reader);
  const key = () => app.redis.feedKey(reader);
  const memberOf = (postId: Id) => right.find((member) => member.startsWith(`${postId}:`))!;
  const takeOut = (...ids: Id[]) => Promise.all(ids.map((id) => app.redis.command('zremrangebyscore', key(), id, id)));
  const putIn = (postId: Id, member = `${postId}:9999999999:0`) => app.redis.command('zadd', key(), postId, member);
  const without = (...ids: Id[]) => right.filter((member) => !ids.includes(member.split(':')[0]!));
  const look = () => app.inWorker(FeedAudit).look([key()]);
  const drift = async () => {
    const metrics = await Metrics.of(new ApiClient(app.workerUrl));
    return {
      missing: metrics.sum('feed_drift_entries', { kind: 'missing' }),
      surplus: metrics.sum('feed_drift_entries', { kind: 'surplus' }),
    };
  };
  /** What a look found. */
  async function found(): Promise<{ missing: number; surplus: number }> {
    const before = await drift();
    await app.database.replicated();
    await look();
    const after = await drift();
    return { missing: after.missing - before.missing, surplus: after.surplus - before.surplus };
  }
  /** A job that nobody does, and one that has been done. */
  const job = (type: string, payload: object) =>
    app.database.execute('INSERT INTO outbox_events (type, payload, available_at, created_at) VALUES (?, ?, ?, ?)', [
      type,
      JSON.stringify(payload),
      new Date(Date.now() + HOUR_MS),
      new Date(),
    ]);
  const noJobs = () => app.database.execute('DELETE FROM outbox_events');

  it('leaves a feed with which nothing is wrong as it is, to the byte', async () => {
    await app.redis.replaceEntry(reader, { postId: posts[0], expiresAt: 9_999_999_999, viewed: true });
    const before = await members();
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
    expect(await members()).toEqual(before);
  });

  it('puts back what is missing, of followees and of the reader', async () => {
    await takeOut(posts[1], own);
    expect(await found()).toEqual({ missing: 2, surplus: 0 });
    expect(await members()).toEqual(right);
  });

  it('does not raise what may have been viewed and be gone, nor call it missing', async () => {
    await takeOut(posts[3]);
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
    expect(await members()).toEqual(without(posts[3]));
  });

  it('does not wait for posts of the last seconds', async () => {
    await createPosts(app.database, author, [new Date(Date.now() - 5_000)]);
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
  });

  it('takes out what was deleted and what never was', async () => {
    await app.database.execute('UPDATE posts SET deleted_at = created_at WHERE id = ?', [posts[1]]);
    const never = String(BigInt(own) + 1_000n);
    await putIn(never);
    expect(await found()).toEqual({ missing: 0, surplus: 2 });
    expect(await members()).toEqual(without(posts[1]));
  });

  it('takes out posts of authors who are not followed', async () => {
    await app.database.execute('DELETE FROM follows WHERE follower_id = ?', [reader]);
    expect(await found()).toEqual({ missing: 0, surplus: 4 });
    expect(await members()).toEqual(without(...posts));
  });

  it.each([
    ['viewed', '9999999999:1', true],
    ['unviewed', '9999999999:0', false],
    ['unviewed, sooner over', '1999999999:0', true],
  ])(
    'leaves one of two entries of a post, the viewed one or the one that is over first (%s)',
    async (_, rest, wins) => {
      const other = `${posts[0]}:${rest}`;
      const [, expiresAt] = memberOf(posts[0]).split(':');
      const isSooner = Number(other.split(':')[1]) < Number(expiresAt);
      await putIn(posts[0], other);
      expect(await found()).toEqual({ missing: 0, surplus: 1 });
      const stays = wins && (rest.endsWith('1') || isSooner) ? other : memberOf(posts[0]);
      expect((await members()).filter((member) => member.startsWith(`${posts[0]}:`))).toEqual([stays]);
    },
  );

  it('takes out members that say nothing of their post', async () => {
    await putIn(posts[0], 'nonsense');
    await putIn(own, `${posts[1]}:9999999999:1`);
    await putIn('1', '1.5');
    expect(await found()).toEqual({ missing: 0, surplus: 3 });
    expect(await members()).toEqual(right);
  });

  it('takes out what lies at or below what was trimmed, and never puts it back', async () => {
    const [zero, state, token, readAt, , watermark] = right[0]!.split(':');
    const sentinel = [zero, state, token, readAt, posts[1], watermark].join(':');
    await app.redis.command('zadd', key(), 0, sentinel);
    await app.redis.command('zrem', key(), right[0]!);
    expect(await found()).toEqual({ missing: 0, surplus: 3 });
    expect(await members()).toEqual([
      sentinel,
      ...right.slice(1).filter((m) => [posts[0], own].includes(m.split(':')[0]!)),
    ]);
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
  });

  it('cuts a feed that holds more than it may, and one that it fills', async () => {
    const more = await createPosts(
      app.database,
      author,
      Array.from({ length: CAP }, () => hoursAgo(1)),
    );
    for (const id of more) await putIn(id);
    expect(await found()).toEqual({ missing: 0, surplus: 5 });
    const held = (await members()).slice(1).map((member) => member.split(':')[0]);
    expect(held).toEqual(more.toReversed());
    expect((await members())[0]!.split(':')[4]).toBe(own);

    await takeOut(...more.slice(0, 3));
    expect(await found()).toEqual({ missing: 3, surplus: 0 });
    expect((await members()).slice(1)).toHaveLength(CAP);
  });

  it('leaves posts of large authors to who reads, beyond what was pulled', async () => {
    await app.database.execute('UPDATE posts SET pulled = 1 WHERE id IN (?)', [[posts[0], posts[1]]]);
    await takeOut(posts[0], posts[1]);
    const [zero, state, token, readAt, floor] = right[0]!.split(':');
    const sentinel = [zero, state, token, readAt, floor, posts[1]].join(':');
    await app.redis.command('zrem', key(), right[0]!);
    await app.redis.command('zadd', key(), 0, sentinel);
    expect(await found()).toEqual({ missing: 1, surplus: 0 });
    expect(await members()).toEqual([sentinel, ...without(posts[0]).slice(1)]);
    await putIn(posts[0], memberOf(posts[0])); // pulled a moment ago
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
  });

  it.each([
    ['delivered', POST_CREATED],
    ['brought in after a follow', FOLLOW_CREATED],
  ])('does not call missing what is still to be %s', async (_, type) => {
    const payload = type === POST_CREATED ? { postId: posts[0] } : { followerId: reader, followeeId: author };
    await takeOut(posts[0]);
    await job(type, payload);
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
    await noJobs();
    expect(await found()).toEqual({ missing: 1, surplus: 0 });
    expect(await members()).toEqual(right);
  });

  it.each([
    ['deleted', POST_DELETED],
    ['left', FOLLOW_REMOVED],
  ])('does not call too much what is still to be taken out: %s', async (_, type) => {
    const payload = type === POST_DELETED ? { postId: posts[0] } : { followerId: reader, followeeId: author };
    if (type === POST_DELETED)
      await app.database.execute('UPDATE posts SET deleted_at = created_at WHERE id = ?', [posts[0]]);
    else await app.database.execute('DELETE FROM follows WHERE follower_id = ?', [reader]);
    await job(type, payload);
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
    expect(await members()).toEqual(right);
    await noJobs();
    expect(await found()).toEqual({ missing: 0, surplus: type === POST_DELETED ? 1 : 4 });
  });

  it('touches no feed that is being built, is of another incarnation, or of nobody here', async () => {
    await takeOut(posts[0]);
    const building = right[0]!.replace(':r:', ':b:');
    await app.redis.command('zadd', key(), 0, building);
    await app.redis.command('zrem', key(), right[0]!);
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
    await app.redis.command('zadd', key(), 0, right[0]!);
    await app.redis.command('zrem', key(), building);

    await meanwhile(async () => {
      await app.redis.deleteFeeds(reader);
      await app.redis.command('zadd', key(), 0, right[0]!.replace(/:r:\w+:/, ':r:other:'));
    });
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
    expect(await members()).toHaveLength(1);

    await app.database.execute('UPDATE users SET deleted_at = created_at WHERE id = ?', [reader]);
    expect(await found()).toEqual({ missing: 0, surplus: 0 });
  });

  /** Does something after the audit has made up its mind, and before it acts. */
  async function meanwhile(work: () => Promise<unknown>): Promise<void> {
    const store = app.inWorker(FeedAuditStore);
    const repair = store.repair.bind(store);
    store.repair = async (...args) => {
      store.repair = repair;
      await work();
      return repair(...args);
    };
  }

  it('takes out again what does not belong any more, of somebody who was left meanwhile', async () => {
    await takeOut(...posts);
    await meanwhile(() => app.database.execute('DELETE FROM follows WHERE follower_id = ?', [reader]));
    await found();
    expect(await members()).toEqual(without(...posts));
  });

  it('puts back as it was what belongs again, of somebody who was followed meanwhile', async () => {
    const viewed = { postId: posts[0], expiresAt: 1_999_999_999, viewed: true };
    await app.redis.replaceEntry(reader, viewed);
    const before = await members();
    await app.database.execute('DELETE FROM follows WHERE follower_id = ?', [reader]);
    await meanwhile(() => createFollows(app.database, [[reader, author]]));
    await found();
    expect(await members()).toEqual(before);
  });

  it('leaves what is marked as viewed meanwhile', async () => {
    await putIn(posts[0], `${posts[0]}:9999999999:0`);
    const viewed = { postId: own, expiresAt: 1_999_999_999, viewed: true };
    await meanwhile(() => app.redis.replaceEntry(reader, viewed));
    expect(await found()).toEqual({ missing: 0, surplus: 1 });
    expect(await app.redis.entries(reader)).toContainEqual(viewed);
  });
});

describe('The walk of the audit', () => {
  const FEEDS = 2_000;
  const BROKEN_EVERY = 10;

  it(`finds and mends what is wrong in any of ${FEEDS} feeds within 60 s, without a reading`, async () => {
    const app = await TestApp.start({ env: { FEED_AUDIT_INTERVAL: '1s' } });
    try {
      const [author, ...readers] = (await createUsers(app.database, FEEDS + 1)) as [Id, ...Id[]];
      await createFollows(
        app.database,
        readers.map((reader) => [reader, author]),
      );
      const [missing] = (await createPosts(app.database, author, [new Date(Date.now() - HOUR_MS)])) as [Id];
      const never = '1';
      const builder = app.nest.get(FeedBuilder, { strict: false });
      for (const some of batches(readers, 20)) await Promise.all(some.map((reader) => builder.build(reader)));
      const broken = readers.filter((_, index) => index % BROKEN_EVERY === 0);
      for (const reader of broken) {
        const key = app.redis.feedKey(reader);
        await app.redis.command('zremrangebyscore', key, missing, missing);
        await app.redis.command('zadd', key, never, `${never}:9999999999:0`);
      }

      const isRight = async () => {
        const there = [...(await app.redis.copiesOf(missing, readers)).values()];
        const gone = [...(await app.redis.copiesOf(never, readers)).values()];
        return there.every((count) => count === 1) && gone.every((count) => count === 0);
      };
      expect(await isRight()).toBe(false);
      await until(isRight, { what: 'every feed to be right', timeoutMs: 60_000 });
      const metrics = await Metrics.of(new ApiClient(app.workerUrl));
      expect(metrics.sum('feed_drift_entries', { kind: 'missing' })).toBe(broken.length);
      expect(metrics.sum('feed_drift_entries', { kind: 'surplus' })).toBe(broken.length);
    } finally {
      await app.close();
    }
  }, 180_000);
});
