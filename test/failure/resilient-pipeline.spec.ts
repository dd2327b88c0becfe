import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule } from '../../src/config/config.module.js';
import { MetricFactory } from '../../src/infrastructure/metrics/metric-factory.js';
import { keyCommand } from '../../src/infrastructure/redis/redis-command.js';
import { RedisCommands } from '../../src/infrastructure/redis/redis-commands.js';
import { RedisModule } from '../../src/infrastructure/redis/redis.module.js';
import type { RedisOptions } from '../../src/infrastructure/redis/redis-options.js';
import { RedisPipeline } from '../../src/infrastructure/redis/redis-pipeline.decorator.js';
import { RedisUnavailableError } from '../../src/infrastructure/redis/redis-unavailable.error.js';
import { BACKGROUND_POLICY, REQUEST_POLICY } from '../../src/infrastructure/resilience/policies.js';
import { Resilient } from '../../src/infrastructure/resilience/resilient.decorator.js';
import { RedisFailover, type Shard } from '../support/redis-failover.js';
import { TestRedis } from '../support/redis.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { testConfig } from '../support/test-config.js';

const BACKGROUND: RedisOptions = { traffic: 'background' };
/** Of the first try, which waits for the node as long as it may, and of the wait after it. */
const RETRIED_WITHIN_MS = 25_000;

@Injectable()
class Store {
  runs = 0;

  constructor(private readonly redis: RedisCommands) {}

  @Resilient(BACKGROUND_POLICY)
  @RedisPipeline()
  setAll(keys: readonly string[], value: string): Promise<string[]> {
    this.runs++;
    return Promise.all(
      keys.map((key) => this.redis.call<string>(BACKGROUND, 'set', key, value, 'EX', 600).then(() => `${key} is set`)),
    );
  }

  @Resilient(BACKGROUND_POLICY)
  @RedisPipeline()
  countAll(keys: readonly string[]): Promise<number[]> {
    this.runs++;
    return Promise.all(
      keys.map((key) => this.redis.send<number>({ ...keyCommand('incr', key), once: true }, BACKGROUND)),
    );
  }

  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  getAll(keys: readonly string[]): Promise<(string | null)[]> {
    this.runs++;
    return Promise.all(keys.map((key) => this.redis.call<string | null>({ traffic: 'request' }, 'get', key)));
  }
}

describe('A store method that is @Resilient() and @RedisPipeline(), without one master', () => {
  let module: TestingModule;
  let store: Store;
  let redis: TestRedis;
  let failover: RedisFailover;
  let shard: Shard;
  const config = testConfig('sns_test_unused', { REDIS_REQUEST_BUDGET: '300ms' });
  const run = randomBytes(4).toString('hex');
  /** In the slots of all three masters. */
  const keys = Array.from({ length: 30 }, (_, index) => `test:${run}:${index}`);

  beforeAll(async () => {
    module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config), RedisModule],
      providers: [Store],
    }).compile();
    await module.init();
    store = module.get(Store);
    redis = new TestRedis(config);
    failover = new RedisFailover(redis);
  });
  beforeEach(async () => {
    await store.setAll(keys, 'before');
    shard = await failover.shardOf(keys[0]!);
    store.runs = 0;
  });
  afterAll(async () => {
    await redis?.close();
    await module?.close();
  });

  const valuesOf = (all: readonly string[]) => Promise.all(all.map((key) => redis.command<string | null>('get', key)));

  const retries = async (method: string): Promise<number> => {
    const text = await module.get(MetricFactory, { strict: false }).registry.metrics();
    return Number(new RegExp(`^redis_retries_total\\{method="Store.${method}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  };

  /** Nobody takes the master's place meanwhile. */
  async function withoutMaster<T>(work: () => Promise<T>): Promise<T> {
    const { master, replica } = shard;
    await services.pause(failover.serviceOf(replica));
    await services.kill(failover.serviceOf(master));
    try {
      return await work();
    } finally {
      await services.start(failover.serviceOf(master));
      await services.resume(failover.serviceOf(replica));
      await failover.untilRole(master, 'master');
    }
  }

  it('is tried again with a pipeline of its own, and gives each call its reply', async () => {
    const done = await withoutMaster(async () => {
      const answer = store.setAll(keys, 'after');
      answer.catch(() => undefined); // it is awaited below
      await until(async () => (await retries('setAll')) > 0, { what: 'a retry', timeoutMs: RETRIED_WITHIN_MS });
      return { answer };
    });
    expect(await done.answer).toEqual(keys.map((key) => `${key} is set`));
    expect(store.runs).toBeGreaterThan(1);
    expect(await valuesOf(keys)).toEqual(keys.map(() => 'after'));
  }, 120_000);

  it('is not tried again when one of its commands must not be', async () => {
    const counters = keys.map((key) => `${key}:count`);
    await withoutMaster(async () => {
      await expect(store.countAll(counters)).rejects.toThrow(RedisUnavailableError);
    });
    expect([store.runs, await retries('countAll')]).toEqual([1, 0]);
    const counted = (await valuesOf(counters)).map(Number);
    expect(Math.max(...counted)).toBe(1);
  }, 120_000);

  it('fails within the budget of a request, once, and works again afterwards', async () => {
    await withoutMaster(async () => {
      const begunMs = performance.now();
      await expect(store.getAll(keys)).rejects.toThrow(RedisUnavailableError);
      expect(performance.now() - begunMs).toBeLessThan(config.redis.requestBudgetMs + 1_000);
      expect(store.runs).toBe(1);
    });
    await until(
      () =>
        store.getAll(keys).then(
          () => true,
          () => false,
        ),
      { what: 'the breaker to close', timeoutMs: 60_000 },
    );
  }, 120_000);
});
