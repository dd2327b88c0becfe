import { SharedTurns } from './shared-turns.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe(SharedTurns.name, () => {
  /** Turns that end when they are told to. */
  function controlled() {
    const turns = new SharedTurns<number>();
    const ends: ((error?: Error) => void)[] = [];
    const work = () =>
      new Promise<number>((resolve, reject) => {
        const number = ends.length;
        ends.push((error) => (error ? reject(error) : resolve(number)));
      });
    return { ends, next: () => turns.next(work) };
  }

  it('are taken one at a time, and shared by those who came while the one before was under way', async () => {
    const { ends, next } = controlled();
    const first = next();
    await turn();
    const later = [next(), next()];
    await turn();
    expect(ends).toHaveLength(1);

    ends[0]!();
    expect(await first).toBe(0);
    await turn();
    ends[1]!();
    expect(await Promise.all(later)).toEqual([1, 1]);
    expect(ends).toHaveLength(2);
  });

  it('go on after one that fails, of which those hear who shared it', async () => {
    const { ends, next } = controlled();
    const first = next();
    await turn();
    const second = next();
    ends[0]!(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await turn();
    ends[1]!();
    expect(await second).toBe(1);
  });
});
