import { jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { areWritesKept } from './replica-waits.js';

/** A connection whose waits end as they are told to. */
const nodeThat = (wait: () => Promise<number>): Redis => ({ call: wait }) as unknown as Redis;

describe(areWritesKept.name, () => {
  it('is so when a replica has them, whoever is master', async () => {
    const asked = jest.fn(() => Promise.resolve(false));
    expect(
      await areWritesKept(
        nodeThat(async () => 1),
        asked,
      ),
    ).toBe(true);
    expect(asked).not.toHaveBeenCalled();
  });

  it.each([true, false])('depends without a replica on whether the node is still master: %s', async (isMaster) => {
    expect(
      await areWritesKept(
        nodeThat(async () => 0),
        async () => isMaster,
      ),
    ).toBe(isMaster);
  });

  it('depends on that too when the wait fails, as it does on a replica', async () => {
    const node = nodeThat(() => Promise.reject(new Error('WAIT cannot be used with replica instances')));
    expect(await areWritesKept(node, async () => false)).toBe(false);
  });

  it('asks once for all who share a wait', async () => {
    const wait = jest.fn(async () => 0);
    const asked = jest.fn(async () => true);
    const node = nodeThat(wait);
    expect(await Promise.all([areWritesKept(node, asked), areWritesKept(node, asked)])).toEqual([true, true]);
    expect([wait.mock.calls.length, asked.mock.calls.length]).toEqual([1, 1]);
  });
});
