import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { MetricFactory } from '../metrics/metric-factory.js';
import type { ResiliencePolicy } from '../resilience/policies.js';
import { RedisMetrics } from './redis.metrics.js';
import { RedisResilience } from './redis-resilience.js';
import { ProcessEndsError, RedisUnavailableError } from './redis-unavailable.error.js';

const QUICK: ResiliencePolicy = { retryDelaysMs: [5, 10, 20], longestMs: 60_000 };
const away = () => new RedisUnavailableError('no connection');
const refusal = Object.assign(new Error('OOM'), { name: 'ReplyError' });

describe(RedisResilience.name, () => {
  let resilience: RedisResilience;
  let metrics: MetricFactory;
  let tries: number;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    metrics = new MetricFactory();
    resilience = new RedisResilience(new RedisMetrics(metrics));
    tries = 0;
  });
  const failing = (error: unknown, before = () => {}) => {
    return async () => {
      tries++;
      before();
      throw error;
    };
  };
  const figure = async (name: string) =>
    Number(
      new RegExp(`^${name}\\{method="Store.write"\\} (\\d+)`, 'm').exec(await metrics.registry.metrics())?.[1] ?? 0,
    );

  it('tries again until there is an answer', async () => {
    const work = async () => (++tries < 3 ? Promise.reject(away()) : 'done');
    expect(await resilience.run('Store.write', QUICK, work)).toBe('done');
    expect([tries, await figure('redis_retries_total'), await figure('redis_unavailable_total')]).toEqual([3, 2, 0]);
  });

  it('gives up after the last wait with the typed error', async () => {
    await expect(resilience.run('Store.write', QUICK, failing(away()))).rejects.toThrow(RedisUnavailableError);
    expect([tries, await figure('redis_retries_total'), await figure('redis_unavailable_total')]).toEqual([4, 3, 1]);
  });

  it.each([
    ['a mistake', new Error('a mistake')],
    ['what a node refuses', new RedisUnavailableError('refused', { cause: refusal })],
  ])('does not repeat %s', async (_, error) => {
    await expect(resilience.run('Store.write', QUICK, failing(error))).rejects.toBe(error);
    expect(tries).toBe(1);
  });

  it('does not repeat what must not run twice', async () => {
    const increment = failing(away(), () => resilience.forbidRepeat());
    await expect(resilience.run('Store.write', QUICK, increment)).rejects.toThrow(RedisUnavailableError);
    expect(tries).toBe(1);
  });

  it('begins no try that may end too late', async () => {
    const policy = { ...QUICK, longestMs: 10_000 };
    await expect(resilience.run('Store.write', policy, failing(away()))).rejects.toThrow(RedisUnavailableError);
    expect(tries).toBe(1);
  });

  it('ends its waits when the process ends', async () => {
    const patient: ResiliencePolicy = { retryDelaysMs: [50_000], longestMs: 100_000 };
    const waiting = resilience.run('Store.write', patient, failing(away()));
    await new Promise(setImmediate);
    resilience.onModuleDestroy();
    await expect(waiting).rejects.toThrow('the process ends');
    expect(tries).toBe(1);
  });

  it('lets what is being tried come to its end when the process ends, and tries it no more', async () => {
    const ends: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
    const work = () => new Promise<string>((resolve, reject) => void ends.push({ resolve, reject }));
    const [answered, failed] = [1, 2].map(() => resilience.run('Store.write', QUICK, work));
    await new Promise(setImmediate);
    resilience.onModuleDestroy();
    ends[0]!.resolve('done');
    ends[1]!.reject(away());
    expect(await answered).toBe('done');
    await expect(failed).rejects.toThrow('no connection');
    expect(ends).toHaveLength(2);
  });

  it('makes one try of what comes while the process ends', async () => {
    resilience.onModuleDestroy();
    expect(await resilience.run('Store.write', QUICK, async () => 'done')).toBe('done');
    await expect(resilience.run('Store.write', QUICK, failing(away()))).rejects.toThrow('no connection');
    expect(tries).toBe(1);
  });

  it('does not wait for long for a try when the process ends', async () => {
    jest.useFakeTimers();
    try {
      const never = () => new Promise<never>(() => undefined);
      const calls = [resilience.run('Store.write', QUICK, never)];
      resilience.onModuleDestroy();
      calls.push(resilience.run('Store.write', QUICK, never));
      const ended = Promise.allSettled(calls);
      await jest.advanceTimersByTimeAsync(2_000);
      expect((await ended).map((end) => (end as PromiseRejectedResult).reason)).toEqual([
        expect.any(ProcessEndsError),
        expect.any(ProcessEndsError),
      ]);
    } finally {
      jest.useRealTimers();
    }
  });
});
