import { fillPage } from './fill-page.js';

/** A list of the numbers below 5,000, falling; only some of them are shown. */
function source(wanted: number, isShown: (n: number) => boolean) {
  const asked: number[] = [];
  return {
    asked,
    wanted,
    async keysAfter(key: number | undefined, count: number) {
      asked.push(count);
      const from = (key ?? 5_000) - 1;
      return Array.from({ length: Math.min(count, Math.max(from, 0)) }, (_, index) => from - index);
    },
    hydrate: async (keys: number[]) => keys.filter(isShown),
  };
}

describe(fillPage.name, () => {
  it('needs one round when nothing drops out', async () => {
    const list = source(3, () => true);
    expect(await fillPage(list)).toEqual([4_999, 4_998, 4_997]);
    expect(list.asked).toEqual([3]);
  });

  it('begins after a key', async () => {
    expect(
      await fillPage(
        source(2, () => true),
        10,
      ),
    ).toEqual([9, 8]);
  });

  it('goes on past what drops out, in growing rounds, without gap or repetition', async () => {
    const list = source(5, (n) => n % 100 === 0);
    expect(await fillPage(list)).toEqual([4_900, 4_800, 4_700, 4_600, 4_500]);
    expect(list.asked).toEqual([5, 10, 20, 40, 80, 160, 320]);
  });

  it('bounds a round and ends with the list', async () => {
    const list = source(3, () => false);
    expect(await fillPage(list)).toEqual([]);
    expect(Math.max(...list.asked)).toBe(1_000);
    expect(list.asked.length).toBeLessThan(20);
  });

  it('returns what there is when the list is shorter than the page', async () => {
    expect(await fillPage(source(10, (n) => n < 3))).toEqual([2, 1]);
  });
});
