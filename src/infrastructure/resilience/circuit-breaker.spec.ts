import { setTimeout as pause } from 'node:timers/promises';
import { CircuitBreaker, type BreakerState } from './circuit-breaker.js';

const fine = async () => 'fine';
const broken = async () => {
  throw new Error('no connection');
};

describe(CircuitBreaker.name, () => {
  let breaker: CircuitBreaker;
  let changes: BreakerState[];
  let probe: () => Promise<unknown>;
  beforeEach(() => {
    changes = [];
    probe = broken;
    breaker = new CircuitBreaker({ changed: (state) => changes.push(state), probe: () => probe() });
  });
  afterEach(() => breaker.shutdown());

  const times = async (count: number, work: () => Promise<unknown>) => {
    for (let i = 0; i < count; i++) await breaker.run(work).catch(() => undefined);
  };
  const becomes = async (count: number) => {
    for (let i = 0; changes.length < count && i < 300; i++) await pause(10);
    return changes;
  };

  it('opens after ten failures in a row, once, and not after nine', async () => {
    await times(200, fine);
    await times(9, broken);
    await times(1, fine);
    await times(9, broken);
    expect(breaker.state).toBe('closed');
    await times(1, broken);
    expect(breaker.state).toBe('open');
    await times(5, broken);
    expect(changes).toEqual(['open']);
  });

  it('opens when half of a minute of calls fail, and not for the first few', async () => {
    for (let i = 0; i < 9; i++) {
      await times(1, fine);
      await times(1, broken);
    }
    expect(breaker.state).toBe('closed');
    await times(1, fine);
    await times(1, broken);
    expect(breaker.state).toBe('open');
  });

  it('stays closed while less than half fail', async () => {
    for (let i = 0; i < 30; i++) {
      await times(6, fine);
      await times(5, broken);
    }
    expect(breaker.state).toBe('closed');
  });

  it('closes by itself, without a call, when its probe succeeds; until then it opens again', async () => {
    await times(10, broken);
    expect(await becomes(3)).toEqual(['open', 'half-open', 'open']);
    probe = fine;
    expect(await becomes(5)).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
    expect(await breaker.run(fine)).toBe('fine');
  });
});
