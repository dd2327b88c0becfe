import { ShortMemory } from './short-memory.js';

describe(ShortMemory.name, () => {
  let nowMs: number;
  const make = (max: number) => new ShortMemory<string, number>(max, 1_000, () => nowMs);
  beforeEach(() => (nowMs = 0));

  it('counts the time from when somebody began to ask', () => {
    const memory = make(10);
    memory.set('a', 1, -400);
    nowMs = 599;
    expect(memory.get('a')).toBe(1);
    nowMs = 600;
    expect(memory.get('a')).toBeUndefined();
  });

  it('forgets the oldest when there are too many', () => {
    const memory = make(2);
    memory.set('a', 1, 0);
    memory.set('b', 2, 0);
    memory.set('a', 3, 0); // the youngest again
    memory.set('c', 4, 0);
    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([3, undefined, 4]);
  });

  it('forgets what it is told to', () => {
    const memory = make(2);
    memory.set('a', 1, 0);
    memory.delete('a');
    expect(memory.get('a')).toBeUndefined();
  });
});
