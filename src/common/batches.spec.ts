import { batches, groupBy } from './batches.js';

describe(batches.name, () => {
  it('cuts a list into slices that together are the list', () => {
    expect([...batches([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
    expect([...batches([1, 2], 2)]).toEqual([[1, 2]]);
    expect([...batches([], 2)]).toEqual([]);
  });

  it.each([0, -1, 1.5, NaN])('refuses a size of %p, which would never end', (size) => {
    expect(() => [...batches([1], size)]).toThrow(RangeError);
  });
});

describe(groupBy.name, () => {
  it('keeps the order of the groups and of their items', () => {
    expect([...groupBy([5, 2, 4, 1, 3], (n) => n % 2)]).toEqual([
      [1, [5, 1, 3]],
      [0, [2, 4]],
    ]);
  });
});
