import { randomBytes } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import calculateSlot from 'cluster-key-slot';
import type { Redis } from 'ioredis';
import { ConfigModule } from '../../src/config/config.module.js';
import { RedisPipelineError } from '../../src/infrastructure/redis/pipeline.js';
import { RedisClients } from '../../src/infrastructure/redis/redis-clients.js';
import { RedisCommands } from '../../src/infrastructure/redis/redis-commands.js';
import { RedisModule } from '../../src/infrastructure/redis/redis.module.js';
import type { RedisOptions } from '../../src/infrastructure/redis/redis-options.js';
import { RedisPipeline } from '../../src/infrastructure/redis/redis-pipeline.decorator.js';
import { testConfig } from '../support/test-config.js';

const NOW: RedisOptions = { traffic: 'request' };

@Injectable()
class OtherStore {
  constructor(private readonly redis: RedisCommands) {}

  @RedisPipeline()
  getAll(keys: readonly string[]): Promise<(string | null)[]> {
    return Promise.all(keys.map((key) => this.redis.call<string | null>(NOW, 'get', key)));
  }
}

@Injectable()
class Store {
  constructor(
    private readonly redis: RedisCommands,
    private readonly other: OtherStore,
  ) {}

  @RedisPipeline()
  setAll(keys: readonly string[], value = 'x'): Promise<unknown[]> {
    return Promise.all(keys.map((key) => this.redis.call(NOW, 'set', key, value, 'EX', 60)));
  }

  @RedisPipeline()
  swap(keys: readonly string[], value: string): Promise<[(string | null)[], unknown[]]> {
    return Promise.all([this.other.getAll(keys), this.setAll(keys, value)]);
  }

  @RedisPipeline()
  tryAll(keys: readonly string[]): Promise<PromiseSettledResult<unknown>[]> {
    return Promise.allSettled(keys.map((key) => this.redis.call(NOW, 'zcard', key)));
  }

  @RedisPipeline()
  ignoring(key: string): Promise<string> {
    void this.redis.call(NOW, 'zcard', key);
    return Promise.resolve('done');
  }

  @RedisPipeline()
  oneAfterTheOther(key: string): Promise<unknown> {
    return this.redis.call(NOW, 'get', key).then(() => this.redis.call(NOW, 'get', key));
  }

  @RedisPipeline()
  throwing(key: string): Promise<unknown> {
    void this.redis.call(NOW, 'set', key, 'sent all the same', 'EX', 60);
    throw new Error('no');
  }

  @RedisPipeline()
  mixed(key: string): Promise<unknown[]> {
    return Promise.all([
      this.redis.call(NOW, 'set', key, 'mixed', 'EX', 60),
      this.redis.call({ traffic: 'background', replicated: true }, 'incr', `${key}:count`),
    ]);
  }

  /** Not marked: each command is on its own. */
  async one(key: string): Promise<string | null> {
    return this.redis.call<string | null>(NOW, 'get', key);
  }
}

describe('@RedisPipeline()', () => {
  let module: TestingModule;
  let store: Store;
  let other: OtherStore;
  const run = randomBytes(4).toString('hex');
  const keys = Array.from({ length: 60 }, (_, index) => `test:${run}:${index}`);

  beforeAll(async () => {
    module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(testConfig('sns_test_unused')), RedisModule],
      providers: [Store, OtherStore],
    }).compile();
    await module.init();
    store = module.get(Store);
    other = module.get(OtherStore);
    await store.setAll(keys); // the clients know the nodes' roles from now on
  });
  afterAll(() => module?.close());

  /** Counts the pipelines that leave while `work` runs, by node. */
  async function pipelinesDuring<T>(work: () => Promise<T>): Promise<{ result: T; byNode: number[] }> {
    const masters = module.get(RedisClients).for('request').nodes('master');
    const byNode = masters.map(() => 0);
    masters.forEach((node, index) => {
      const pipeline = node.pipeline.bind(node);
      node.pipeline = () => {
        byNode[index]!++;
        return pipeline();
      };
    });
    try {
      return { result: await work(), byNode };
    } finally {
      for (const node of masters) delete (node as Partial<Redis>).pipeline; // the prototype's shows again
    }
  }

  it('sends what a method calls as one pipeline a node, across slots', async () => {
    const slots = new Set(keys.map((key) => calculateSlot(key)));
    expect(slots.size).toBeGreaterThan(50);
    const { byNode } = await pipelinesDuring(() => store.setAll(keys));
    expect(byNode).toEqual([1, 1, 1]);
  });

  it('gives each call its reply', async () => {
    await Promise.all(keys.map((key) => store.setAll([key], key)));
    expect(await other.getAll(keys)).toEqual(keys);
    expect(await other.getAll([`${keys[0]}:none`, keys[1]!])).toEqual([null, keys[1]]);
  });

  it('is joined by the pipelined methods that it calls', async () => {
    await store.setAll(keys, 'before');
    const { result, byNode } = await pipelinesDuring(() => store.swap(keys, 'after'));
    expect(byNode).toEqual([1, 1, 1]);
    expect(result[0]).toEqual(keys.map(() => 'before')); // in the order of the calls
    expect(await other.getAll(keys)).toEqual(keys.map(() => 'after'));
  });

  it('keeps concurrent calls apart', async () => {
    const mine = keys.slice(0, 10);
    const results = await Promise.all(
      mine.map(async (key, index) => {
        await store.setAll([key], String(index));
        return other.getAll([key, key]);
      }),
    );
    expect(results).toEqual(mine.map((_, index) => [String(index), String(index)]));
  });

  it('sends nothing and opens nothing for a method that calls nothing', async () => {
    expect((await pipelinesDuring(() => store.setAll([]))).byNode).toEqual([0, 0, 0]);
  });

  it('leaves a method that is not marked alone', async () => {
    await store.setAll([keys[0]!], 'alone');
    expect(await store.one(keys[0]!)).toBe('alone');
  });

  it('carries out commands of different options, each as it asks', async () => {
    const key = `test:{${run}:mixed}`;
    expect(await store.mixed(key)).toEqual(['OK', 1]);
    expect(await other.getAll([key, `${key}:count`])).toEqual(['mixed', '1']);
  });

  describe('with a command that fails', () => {
    it('reports that one as failed, and the others as they are', async () => {
      await store.setAll([keys[0]!]);
      const results = await store.tryAll([`${keys[0]}:none`, keys[0]!, `${keys[1]}:none`]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((results[1] as PromiseRejectedResult).reason).toMatchObject({
        message: expect.stringContaining('WRONGTYPE'),
      });
    });

    it('fails, even if the method does not look at the reply', async () => {
      await store.setAll([keys[0]!]);
      await expect(store.ignoring(keys[0]!)).rejects.toThrow('WRONGTYPE');
      expect(await store.ignoring(`${keys[0]}:none`)).toBe('done');
    });
  });

  it('sends nothing of a method that throws', async () => {
    const key = `test:${run}:thrown`;
    await expect(async () => store.throwing(key)).rejects.toThrow('no');
    expect(await store.one(key)).toBeNull();
  });

  it('refuses a command that waited for another one', async () => {
    await expect(store.oneAfterTheOther(keys[0]!)).rejects.toThrow(RedisPipelineError);
    await expect(store.oneAfterTheOther(keys[0]!)).rejects.toThrow(/Store\.oneAfterTheOther .* before you await one/);
  });

  it('refuses an async method when the application starts', async () => {
    @Injectable()
    class AwaitingStore {
      constructor(private readonly redis: RedisCommands) {}

      @RedisPipeline()
      async read(): Promise<unknown> {
        const first = await this.redis.call<string>(NOW, 'get', 'a');
        return this.redis.call(NOW, 'get', first);
      }
    }
    @Module({ imports: [RedisModule], providers: [AwaitingStore] })
    class AwaitingModule {}
    const wrong = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(testConfig('sns_test_unused')), AwaitingModule],
    }).compile();
    try {
      await expect(wrong.init()).rejects.toThrow(/AwaitingStore\.read is @RedisPipeline\(\) and async/);
    } finally {
      await wrong.close().catch(() => undefined);
      await wrong.get(RedisClients, { strict: false }).onApplicationShutdown();
    }
  });
});
