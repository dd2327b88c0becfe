import { randomInt } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { Clock } from '../../src/common/clock.js';
import type { Id } from '../../src/common/id.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { SchedulerRegistry } from '@nestjs/schedule';
import { JobMetrics } from '../../src/infrastructure/metrics/job.metrics.js';
import { MetricFactory } from '../../src/infrastructure/metrics/metric-factory.js';
import { KeyScanner, SCAN_START } from '../../src/infrastructure/redis/key-scanner.js';
import { RedisCommands } from '../../src/infrastructure/redis/redis-commands.js';
import { RedisModule } from '../../src/infrastructure/redis/redis.module.js';
import { JobTurns } from '../../src/infrastructure/scheduling/job-turns.js';
import { FeedSweep } from '../../src/modules/feeds/feed-sweep.js';
import { FeedSweepJob } from '../../src/modules/feeds/feed-sweep.job.js';
import type { FeedMetrics } from '../../src/modules/feeds/feed.metrics.js';
import { RedisUnavailableError } from '../../src/infrastructure/redis/redis-unavailable.error.js';
import { FeedStore } from '../../src/modules/feeds/feed.store.js';
import type { FeedEntry } from '../../src/modules/feeds/feed-entry.js';
import { TestRedis } from '../support/redis.js';
import { testConfig } from '../support/test-config.js';
import { until } from '../support/settle.js';

const DAY_S = 86_400;
const IDLE_S = 8 * DAY_S;

class SetClock extends Clock {
  seconds = 1_800_000_000;
  nowMs(): number {
    return this.seconds * 1_000;
  }
}

describe(FeedSweep.name, () => {
  const config = testConfig('sns_test_unused');
  const clock = new SetClock();
  let redis: TestRedis;
  let module: TestingModule;
  let store: FeedStore;
  let nextUser = BigInt(randomInt(1, 1_000_000)) * 1_000_000_000n;
  const made: Id[] = [];

  beforeAll(async () => {
    redis = new TestRedis(config);
    module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config), RedisModule],
      providers: [FeedStore, FeedSweep, JobTurns, { provide: Clock, useValue: clock }],
    }).compile();
    await module.init();
    store = module.get(FeedStore);
  });
  afterAll(async () => {
    await redis?.deleteFeeds(...made);
    await redis?.close();
    await module?.close();
  });

  async function feedWith(entries: FeedEntry[]): Promise<Id> {
    const userId = String(++nextUser);
    made.push(userId);
    const { token } = await store.beginBuild(userId, 'cafe');
    await store.add(userId, entries, 'request');
    await store.completeBuild(userId, token, undefined);
    return userId;
  }
  const entry = (postId: number, livesS: number, viewed = false): FeedEntry => ({
    postId: String(postId),
    expiresAt: clock.seconds + livesS,
    viewed,
  });
  const range = (count: number, make: (index: number) => FeedEntry) => Array.from({ length: count }, (_, i) => make(i));
  const idsOf = async (userId: Id) => (await redis.entries(userId)).map(({ postId }) => Number(postId)).reverse();
  const sweep = (...users: Id[]) => store.sweep(users.map((user) => redis.feedKey(user)));

  it('takes out what has expired, to the second, and leaves what lives', async () => {
    const feed = await feedWith([entry(1, -1), entry(2, 0), entry(3, 1), entry(4, 0, true), entry(5, 1, true)]);
    expect(await sweep(feed)).toMatchObject({ entries: 3, dropped: 0 });
    expect(await idsOf(feed)).toEqual([3, 5]);
  });

  it('keeps the feed itself when all its entries have expired', async () => {
    const feed = await feedWith(range(50, (index) => entry(index + 1, -1)));
    await sweep(feed);
    expect(await redis.members(feed)).toHaveLength(1);
    expect(await store.page(feed, undefined, 10)).toMatchObject({ state: 'ready', entries: [] });
  });

  it('finds the viewed ones that expired among younger and older ones', async () => {
    const feed = await feedWith(range(400, (index) => entry(index + 1, index % 2 === 0 ? -1 : DAY_S, index % 2 === 0)));
    expect(await sweep(feed)).toMatchObject({ entries: 200 });
    expect(await idsOf(feed)).toEqual(
      range(200, (index) => entry(index * 2 + 2, 0)).map(({ postId }) => Number(postId)),
    );
  });

  it('takes at most 200 of those among live ones at a time, so that no call takes long', async () => {
    const feed = await feedWith(range(800, (index) => entry(index + 1, index % 2 === 0 ? -1 : DAY_S, index % 2 === 0)));
    expect(await sweep(feed)).toMatchObject({ entries: 201 }); // and the oldest, which nothing lies before
  });

  it('takes only the oldest of a long feed in which little has expired', async () => {
    const feed = await feedWith(range(400, (index) => entry(index + 1, index < 3 ? -1 : DAY_S)));
    expect(await sweep(feed)).toMatchObject({ entries: 3 });
    expect(await idsOf(feed)).toHaveLength(397);
  });

  it('drops feeds that nobody has read for longer than FEED_IDLE_TTL, and no others', async () => {
    const idle = await feedWith([entry(1, 100 * DAY_S)]);
    clock.seconds += IDLE_S;
    const read = await feedWith([entry(1, DAY_S)]);
    expect(await sweep(idle, read)).toMatchObject({ dropped: 0 }); // just as long as allowed
    clock.seconds += 1;
    expect(await sweep(idle, read)).toMatchObject({ dropped: 1 });
    expect([await redis.exists(idle), await redis.exists(read)]).toEqual([false, true]);
  });

  it('has nothing to do with keys that went or are no feeds', async () => {
    expect(await store.sweep([redis.feedKey(String(++nextUser))])).toMatchObject({ entries: 0, dropped: 0 });
  });

  it('reaches every feed of every node, step by step', async () => {
    const feeds = await Promise.all(Array.from({ length: 300 }, () => feedWith([entry(1, -1), entry(2, DAY_S)])));
    const scanner = module.get(KeyScanner);
    const walker = module.get(FeedSweep);
    for (const master of scanner.masters()) {
      let position = { cursor: SCAN_START };
      do ({ position } = await walker.step(master, position, 0.001));
      while (position.cursor !== SCAN_START);
    }
    for (const feed of feeds) expect(await idsOf(feed)).toEqual([2]);
  });

  it('does no more than is due while it finds nothing, and goes on while it finds much', async () => {
    const walker = module.get(FeedSweep);
    const scanner = module.get(KeyScanner);
    for (let made = 0; made < 3_000; made += 100) {
      await Promise.all(Array.from({ length: 100 }, () => feedWith([entry(1, DAY_S)])));
    }
    for (const master of scanner.masters()) {
      const quiet = await walker.step(master, { cursor: SCAN_START }, 1);
      expect(quiet.feeds).toBeLessThan((await scanner.size(master)) / 2);
    }
    clock.seconds += 2 * DAY_S;
    const busy = await Promise.all(scanner.masters().map((master) => walker.step(master, { cursor: SCAN_START }, 60)));
    expect(busy.reduce((sum, { entries }) => sum + entries, 0)).toBeGreaterThan(2_500);
  });

  it('ends when its share of the time is used up, however much there is to do', async () => {
    for (let made = 0; made < 3_000; made += 100) {
      await Promise.all(Array.from({ length: 100 }, () => feedWith([entry(1, -1)])));
    }
    for (const master of module.get(KeyScanner).masters()) {
      const { seconds, feeds } = await module.get(FeedSweep).step(master, { cursor: SCAN_START }, 0.001);
      expect(seconds).toBeGreaterThan(0);
      expect(feeds).toBeLessThan(500);
    }
  });

  it('goes on with the other nodes while one does not answer', async () => {
    const scanner = module.get(KeyScanner);
    const [broken, ...others] = scanner.masters();
    let left = '';
    const turns = {
      take: async () => JSON.stringify({ [broken!]: '42' }),
      leave: async (_: string, s: string) => void (left = s),
    };
    const step: FeedSweep['step'] = async (master) => {
      if (master === broken) throw new RedisUnavailableError('no answer');
      return { feeds: 0, entries: 0, dropped: 0, seconds: 0, position: { cursor: '7' } };
    };
    const job = new FeedSweepJob(
      { step } as FeedSweep,
      scanner,
      turns as unknown as JobTurns,
      { swept: () => undefined } as unknown as FeedMetrics,
      new SchedulerRegistry(),
      config,
      new JobMetrics(new MetricFactory()),
    );
    await job.run();
    expect(JSON.parse(left)).toEqual({ [broken!]: '42', ...Object.fromEntries(others.map((master) => [master, '7'])) });
  });

  it('is one process’s turn at a time, and goes on where the other was', async () => {
    const [one, other] = [module.get(JobTurns), new JobTurns(module.get(RedisCommands))];
    const job = `test-${nextUser++}`;
    expect(await one.take(job, 400)).toBe('');
    await one.leave(job, 'half-way');
    expect(await one.take(job, 400)).toBe('half-way');
    expect(await other.take(job, 400)).toBeUndefined();
    await until(async () => (await other.take(job, 60_000)) === 'half-way', { what: 'the turn to be free' });
    expect(await one.take(job, 400)).toBeUndefined();
  });
});
