import { randomInt } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { Clock } from '../../src/common/clock.js';
import type { Id } from '../../src/common/id.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { RedisModule } from '../../src/infrastructure/redis/redis.module.js';
import { FeedStore } from '../../src/modules/feeds/feed.store.js';
import type { FeedEntry } from '../../src/modules/feeds/feed-entry.js';
import { TestRedis } from '../support/redis.js';
import { testConfig } from '../support/test-config.js';

const CAP = 5;
const VIEWED_TTL_S = 86_400;

class SetClock extends Clock {
  seconds = 1_800_000_000;
  nowMs(): number {
    return this.seconds * 1_000;
  }
}

describe(FeedStore.name, () => {
  const config = testConfig('sns_test_unused', { FEED_MAX_ENTRIES: String(CAP) });
  const clock = new SetClock();
  let redis: TestRedis;
  let module: TestingModule;
  let store: FeedStore;
  let user: Id;

  /** Ids of a range of their own, so that nobody else's feeds are touched. */
  let nextUser = BigInt(randomInt(1, 1_000_000)) * 1_000_000_000n;
  const made: Id[] = [];
  const newUser = (): Id => {
    const id = String(++nextUser);
    made.push(id);
    return id;
  };

  const entry = (postId: number, more: Partial<FeedEntry> = {}): FeedEntry => ({
    postId: String(postId),
    expiresAt: clock.seconds + 7 * VIEWED_TTL_S,
    viewed: false,
    ...more,
  });
  const makeFeed = async (userId: Id): Promise<void> => {
    const { token } = await store.beginBuild(userId, 'cafe');
    expect(await store.completeBuild(userId, token, undefined)).toBe(true);
  };
  const ids = async (userId = user) => (await redis.entries(userId)).map(({ postId }) => Number(postId));
  const add = (...entries: FeedEntry[]) => store.add(user, entries, 'request');
  const floorOf = async (userId: Id) => (await redis.sentinel(userId))!.split(':')[4];
  const record = (shown: number[], expired: number[] = []) =>
    store.recordReadings([{ userId: user, shown: shown.map(String), expired: expired.map(String), gone: [] }]);

  beforeAll(async () => {
    redis = new TestRedis(config);
    module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config), RedisModule],
      providers: [FeedStore, { provide: Clock, useValue: clock }],
    }).compile();
    await module.init();
    store = module.get(FeedStore);
  });
  beforeEach(async () => {
    user = newUser();
    await makeFeed(user);
  });
  afterAll(async () => {
    await redis?.deleteFeeds(...made);
    await redis?.close();
    await module?.close();
  });

  describe('a feed', () => {
    it('is a sorted set with a sentinel, post ids as scores and no time to live', async () => {
      await add(entry(9_007_199_254_740_991));
      expect(await redis.command('zrange', redis.feedKey(user), 0, -1, 'WITHSCORES')).toEqual([
        `0:r:cafe:${clock.seconds}:0:0`,
        '0',
        `9007199254740991:${clock.seconds + 7 * VIEWED_TTL_S}:0`,
        '9007199254740991',
      ]);
      expect(await redis.command('ttl', redis.feedKey(user))).toBe(-1);
      expect(redis.feedKey(user)).toBe(`feed:{${BigInt(user) % 1024n}}:${user}`);
    });
  });

  describe('push', () => {
    it('reaches the feeds that exist, in all buckets, and makes none', async () => {
      const others = Array.from({ length: 40 }, newUser);
      const absent = newUser();
      await Promise.all(others.map(makeFeed));
      expect(await store.push(entry(1), [user, absent, ...others], 'background')).toBe(41);
      expect(new Set((await redis.copiesOf('1', [user, ...others])).values())).toEqual(new Set([1]));
      expect(await redis.exists(absent)).toBe(false);
    });

    it('reaches many feeds of one bucket', async () => {
      const first = BigInt(newUser());
      const sameBucket = Array.from({ length: 300 }, (_, index) => String(first + BigInt(index) * 1024n));
      made.push(...sameBucket);
      await Promise.all(sameBucket.map(makeFeed));
      expect(await store.push(entry(1), sameBucket, 'background')).toBe(300);
      expect(new Set((await redis.copiesOf('1', sameBucket)).values())).toEqual(new Set([1]));
    });

    it('adds a post once, also when it has been viewed since', async () => {
      await store.push(entry(1), [user], 'background');
      await record([1]);
      const [viewed] = await redis.entries(user);
      await store.push(entry(1), [user], 'background');
      expect(await redis.entries(user)).toEqual([viewed]);
      expect(viewed!.viewed).toBe(true);
    });
  });

  describe('add', () => {
    it('puts many posts into a feed that exists', async () => {
      await add(entry(2), entry(1), entry(3));
      expect(await ids()).toEqual([3, 2, 1]);
    });

    it('makes no feed', async () => {
      const absent = newUser();
      await store.add(absent, [entry(1)], 'request');
      expect(await redis.exists(absent)).toBe(false);
    });

    it('does nothing when there is nothing to add', async () => {
      await add();
      expect(await ids()).toEqual([]);
    });
  });

  describe('the cap', () => {
    it('keeps the newest, never cuts the sentinel, and remembers the highest id that was cut', async () => {
      await add(...[1, 2, 3, 4, 5, 6, 7].map((id) => entry(id)));
      expect(await ids()).toEqual([7, 6, 5, 4, 3]);
      expect(await floorOf(user)).toBe('2');
      await store.push(entry(8), [user], 'background');
      expect(await ids()).toEqual([8, 7, 6, 5, 4]);
      expect(await floorOf(user)).toBe('3');
    });

    it('keeps out what lies at or below the highest id that was cut, also when there is room again', async () => {
      await add(...[10, 20, 30, 40, 50, 60].map((id) => entry(id)));
      await store.remove(['60', '50'], [user], 'request');
      await add(entry(5), entry(10), entry(15));
      await store.push(entry(9), [user], 'background');
      expect(await ids()).toEqual([40, 30, 20, 15]);
    });

    it('remembers a round id in plain digits', async () => {
      const base = 1_000_000_000_000_000;
      await add(...[0, 1, 2, 3, 4, 5].map((offset) => entry(base + offset)));
      expect(await floorOf(user)).toBe(String(base));
      expect((await store.page(user, undefined, 10)).state).toBe('ready');
    });
  });

  describe('page', () => {
    it('says that a feed is absent, being built or ready', async () => {
      const other = newUser();
      const state = async () => (await store.page(other, undefined, 1)).state;
      expect(await state()).toBe('absent');
      const { token } = await store.beginBuild(other, 'beef');
      expect(await state()).toBe('building');
      await store.completeBuild(other, token, undefined);
      expect(await state()).toBe('ready');
    });

    it('takes a key without a sentinel for no feed', async () => {
      const other = newUser();
      await redis.command('zadd', redis.feedKey(other), 1, '1:9999999999:0');
      expect((await store.page(other, undefined, 10)).state).toBe('absent');
    });

    it('returns the newest first, below a post, and not more than asked for', async () => {
      await add(...[1, 2, 3, 4, 5].map((id) => entry(id)));
      const page = async (below: Id | undefined, limit: number) =>
        (await store.page(user, below, limit)).entries.map(({ postId }) => Number(postId));
      expect(await page(undefined, 2)).toEqual([5, 4]);
      expect(await page('4', 2)).toEqual([3, 2]);
      expect(await page('2', 9)).toEqual([1]);
      expect(await page('1', 9)).toEqual([]);
    });

    it('fills itself past expired entries and tells which they were', async () => {
      await add(entry(1), ...[2, 3, 4].map((id) => entry(id, { expiresAt: clock.seconds })), entry(5));
      const slice = await store.page(user, undefined, 2);
      expect(slice.entries).toEqual([entry(5), entry(1)]);
      expect(slice.expired).toEqual(['4', '3', '2']);
      expect(await ids()).toEqual([5, 4, 3, 2, 1]); // reading writes nothing
    });

    it('counts an entry as live until its second comes', async () => {
      await add(entry(1, { expiresAt: clock.seconds + 1 }), entry(2, { expiresAt: clock.seconds }));
      expect((await store.page(user, undefined, 9)).entries.map(({ postId }) => postId)).toEqual(['1']);
    });
  });

  describe('recordReadings', () => {
    it('marks what was shown, which lives at most as long as a viewed entry', async () => {
      await add(entry(1), entry(2));
      await record([1]);
      expect(await redis.entries(user)).toEqual([
        entry(2),
        entry(1, { viewed: true, expiresAt: clock.seconds + VIEWED_TTL_S }),
      ]);
    });

    it('never makes a life longer', async () => {
      await add(entry(1, { expiresAt: clock.seconds + 60 }));
      await record([1]);
      expect(await redis.entries(user)).toEqual([entry(1, { viewed: true, expiresAt: clock.seconds + 60 })]);
    });

    it('changes nothing the second time', async () => {
      await add(entry(1));
      await record([1]);
      const before = await redis.entries(user);
      clock.seconds += 100;
      await record([1]);
      expect(await redis.entries(user)).toEqual(before);
    });

    it('adds nothing that is not there and makes no feed', async () => {
      await record([1], [2]);
      expect(await ids()).toEqual([]);
      const absent = newUser();
      await store.recordReadings([{ userId: absent, shown: ['1'], expired: [], gone: [] }]);
      expect(await redis.exists(absent)).toBe(false);
    });

    it('removes what has expired and spares what only seemed to', async () => {
      await add(entry(1, { expiresAt: clock.seconds }), entry(2));
      await record([], [1, 2]);
      expect(await redis.entries(user)).toEqual([entry(2)]);
    });

    it('notes when the feed was read, and never goes back in time', async () => {
      const readAt = async () => Number((await redis.sentinel(user))!.split(':')[3]);
      const began = clock.seconds;
      clock.seconds += 10;
      await record([]);
      expect(await readAt()).toBe(began + 10);
      clock.seconds -= 5;
      await record([]);
      expect(await readAt()).toBe(began + 10);
      expect((await redis.members(user)).filter((member) => member.startsWith('0:'))).toHaveLength(1);
    });
  });

  describe('remove', () => {
    it('takes posts out of many feeds, whatever their state, and leaves the rest', async () => {
      const other = newUser();
      await makeFeed(other);
      await add(entry(1), entry(2), entry(3));
      await store.push(entry(2), [other], 'background');
      await record([2]);
      await store.remove(['2', '3', '99'], [user, other, newUser()], 'background');
      expect(await ids()).toEqual([1]);
      expect(await ids(other)).toEqual([]);
      expect((await store.page(other, undefined, 1)).state).toBe('ready');
    });
  });

  describe('a build', () => {
    it('lets pushes in while it is under way', async () => {
      const other = newUser();
      const { token } = await store.beginBuild(other, 'beef');
      expect(await store.push(entry(5), [other], 'background')).toBe(1);
      await store.add(other, [entry(4), entry(5)], 'request');
      await store.completeBuild(other, token, '3');
      expect(await ids(other)).toEqual([5, 4]);
      await store.push(entry(3), [other], 'background');
      expect(await ids(other)).toEqual([5, 4]); // what the build left out stays out
    });

    it('takes out what came in meanwhile and is older than what it left out', async () => {
      const other = newUser();
      const { token } = await store.beginBuild(other, 'beef');
      await store.add(other, [entry(2), entry(3), entry(4)], 'request');
      await store.completeBuild(other, token, '3');
      expect(await ids(other)).toEqual([4]);
      expect(await floorOf(other)).toBe('3');
    });

    it('is joined by another that begins meanwhile', async () => {
      const other = newUser();
      const first = await store.beginBuild(other, 'aaaa');
      expect(await store.beginBuild(other, 'bbbb')).toEqual(first);
      expect(first).toEqual({ state: 'building', token: 'aaaa' });
    });

    it('does not complete a feed that was dropped since, or another one that came after it', async () => {
      const other = newUser();
      const { token } = await store.beginBuild(other, 'aaaa');
      await store.drop([other]);
      expect(await store.completeBuild(other, token, undefined)).toBe(false);
      expect(await redis.exists(other)).toBe(false);
      await store.beginBuild(other, 'bbbb');
      expect(await store.completeBuild(other, token, undefined)).toBe(false);
      expect((await store.page(other, undefined, 1)).state).toBe('building');
    });

    it('leaves a ready feed as it is', async () => {
      await add(entry(1));
      expect(await store.beginBuild(user, 'beef')).toEqual({ state: 'ready', token: 'cafe' });
      expect(await ids()).toEqual([1]);
    });
  });

  it('drops whole feeds', async () => {
    const others = Array.from({ length: 20 }, newUser);
    await Promise.all(others.map(makeFeed));
    await store.drop([...others, newUser()]);
    expect(await Promise.all(others.map((other) => redis.exists(other)))).not.toContain(true);
    expect(await redis.exists(user)).toBe(true);
  });
});
