import { jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { areWritesKept } from './replica-waits.js';

/** A connection whose waits end when they are told to. */
function fakeNode() {
  const ends: ((error?: Error, replicas?: number) => void)[] = [];
  const node = {
    call: () =>
      new Promise((resolve, reject) => ends.push((error, replicas = 1) => (error ? reject(error) : resolve(replicas)))),
  } as unknown as Redis;
  return { node, ends };
}

const never = (): Promise<boolean> => Promise.reject(new Error('nobody should have been asked'));
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe(areWritesKept.name, () => {
  it('begins one wait at a time, which those share who came while the one before was under way', async () => {
    const { node, ends } = fakeNode();
    const done: string[] = [];
    const wait = (name: string) => areWritesKept(node, never).then(() => done.push(name));
    const all = [wait('a')];
    await turn();
    all.push(wait('b'), wait('c'));
    await turn();
    expect(ends).toHaveLength(1);

    ends[0]!();
    await turn();
    expect([done, ends.length]).toEqual([['a'], 2]);
    ends[1]!();
    await Promise.all(all);
    expect(done).toEqual(['a', 'b', 'c']);
    expect(ends).toHaveLength(2);
  });

  it('is over when a wait fails, and the next one begins', async () => {
    const { node, ends } = fakeNode();
    const asked = jest.fn(() => Promise.resolve(false));
    const first = areWritesKept(node, asked);
    await turn();
    const second = areWritesKept(node, never);
    ends[0]!(new Error('the connection broke'));
    expect(await first).toBe(false);
    await turn();
    ends[1]!();
    expect(await second).toBe(true);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('believes a master without a replica, once for all who share the wait', async () => {
    const { node, ends } = fakeNode();
    const asked = jest.fn(() => Promise.resolve(true));
    const all = [areWritesKept(node, asked), areWritesKept(node, asked)];
    await turn();
    ends[0]!(undefined, 0);
    expect(await Promise.all(all)).toEqual([true, true]);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
