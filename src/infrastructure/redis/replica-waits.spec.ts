import type { Redis } from 'ioredis';
import { replicaHasWrites } from './replica-waits.js';

/** A connection whose waits end when they are told to. */
function fakeNode() {
  const ends: ((error?: Error) => void)[] = [];
  const node = {
    call: () => new Promise((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve(1)))),
  } as unknown as Redis;
  return { node, ends };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe(replicaHasWrites.name, () => {
  it('begins one wait at a time, which those share who came while the one before was under way', async () => {
    const { node, ends } = fakeNode();
    const done: string[] = [];
    const wait = (name: string) => replicaHasWrites(node).then(() => done.push(name));
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
    const first = replicaHasWrites(node);
    await turn();
    const second = replicaHasWrites(node);
    ends[0]!(new Error('the connection broke'));
    await expect(first).resolves.toBeUndefined();
    await turn();
    ends[1]!();
    await expect(second).resolves.toBeUndefined();
  });
});
