import { AsyncLocalStorage } from 'node:async_hooks';
import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule } from '../../src/config/config.module.js';
import { RedisCommands } from '../../src/infrastructure/redis/redis-commands.js';
import { RedisModule } from '../../src/infrastructure/redis/redis.module.js';
import { BackgroundPace } from '../../src/infrastructure/yielding/background-pace.js';
import { RequestWaitsStore } from '../../src/infrastructure/yielding/request-waits.store.js';
import { BackgroundPaceModule, RequestWaitsModule } from '../../src/infrastructure/yielding/yielding.module.js';
import { until } from '../support/settle.js';
import { testConfig } from '../support/test-config.js';

describe('Background work and requests', () => {
  let module: TestingModule;
  let pace: BackgroundPace;
  let waits: RequestWaitsStore;

  beforeAll(async () => {
    // No other test may tell of its requests, or the share would not be the whole when those of this one end.
    const config = testConfig('sns_test_unused', { FAN_OUT_YIELDS: 'on' });
    module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config), RedisModule, RequestWaitsModule, BackgroundPaceModule],
    }).compile();
    await module.init();
    pace = module.get(BackgroundPace);
    waits = module.get(RequestWaitsStore);
  });

  afterAll(() => module.close());

  const quiet = () => until(() => !pace.yields, { what: 'the waits to be forgotten', timeoutMs: 10_000 });
  /** Lets requests come until background work knows of them. */
  const requests = () => {
    const redis = module.get(RedisCommands, { strict: false });
    return until(
      async () => {
        await redis.call({ traffic: 'request' }, 'get', 'yielding-test');
        return pace.yields;
      },
      { what: 'background work to yield', timeoutMs: 10_000 },
    );
  };

  it('work goes at once and together while there are no requests', async () => {
    await quiet();
    let running = 0;
    const together = await Promise.all(
      [1, 2, 3].map(() => pace.run(async () => (running++, await new Promise(setImmediate), running))),
    );
    expect(together).toEqual([3, 3, 3]);
  });

  it('work goes one part after the other while there are', async () => {
    await requests();
    let running = 0;
    const alone = await Promise.all(
      [1, 2, 3].map(() =>
        pace.run(async () => {
          running++;
          await waits.slowest();
          const others = --running;
          return others;
        }),
      ),
    );
    expect(alone).toEqual([0, 0, 0]);
    await quiet();
  });

  it('work keeps what belongs to who asked for it, though it begins where other work ends', async () => {
    await requests();
    const asked = new AsyncLocalStorage<number>();
    const seen = await Promise.all(
      [1, 2, 3].map((who) => asked.run(who, () => pace.run(() => Promise.resolve(asked.getStore())))),
    );
    expect(seen).toEqual([1, 2, 3]);
    await quiet();
  });

  it('work that hangs does not hold up the rest', async () => {
    await requests();
    let finish = (): void => undefined;
    const hanging = pace.run(() => new Promise<void>((resolve) => (finish = resolve)));
    await expect(pace.run(() => Promise.resolve('done'))).resolves.toBe('done');
    finish();
    await hanging;
    await quiet();
  });

  it('an error is its own, and the next work goes on', async () => {
    await requests();
    await expect(pace.run(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await expect(pace.run(() => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('the slowest instance counts, and one that falls silent does not', async () => {
    await waits.tell('a', 3);
    await waits.tell('b', 7.5);
    await waits.tell('c', 0.25);
    await expect(waits.slowest()).resolves.toBe(7.5);
    await until(
      async () => {
        await waits.tell('c', 0.25);
        return (await waits.slowest()) === 0.25;
      },
      { what: 'the others to be forgotten', timeoutMs: 10_000 },
    );
  });
});
