import { toPage } from './page.js';

describe(toPage.name, () => {
  const cursorOf = (n: number) => `after ${n}`;

  it('ends a page with a cursor when one row more was read', () => {
    expect(toPage([1, 2, 3], 2, cursorOf)).toEqual({ items: [1, 2], nextCursor: 'after 2' });
  });

  it('has no cursor at the end', () => {
    expect(toPage([1, 2], 2, cursorOf)).toEqual({ items: [1, 2], nextCursor: null });
    expect(toPage([], 2, cursorOf)).toEqual({ items: [], nextCursor: null });
  });
});
