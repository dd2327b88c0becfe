import { TimeBudget } from './time-budget.js';

describe(TimeBudget.name, () => {
  let nowMs: number;
  let budget: TimeBudget;
  beforeEach(() => {
    nowMs = 1_000;
    budget = new TimeBudget(100, () => nowMs);
  });
  const begin = () => {
    let end!: () => void;
    const done = budget.spend(() => new Promise<void>((resolve) => (end = resolve)));
    return () => {
      end();
      return done;
    };
  };

  it('is used up by one wait after the other, and not by the time between them', async () => {
    for (const left of [60, 20]) {
      const end = begin();
      nowMs += 40;
      await end();
      nowMs += 1_000;
      expect(budget.leftMs).toBe(left);
    }
    const end = begin();
    nowMs += 40;
    expect(budget.leftMs).toBe(0);
    await end();
    expect(budget.leftMs).toBe(0);
  });

  it('counts waits that overlap once', async () => {
    const endFirst = begin();
    nowMs += 10;
    const endSecond = begin();
    nowMs += 20;
    await endFirst();
    nowMs += 30;
    expect(budget.leftMs).toBe(40);
    await endSecond();
    expect(budget.leftMs).toBe(40);
  });

  it('is used up by waits that fail, too', async () => {
    const failing = budget.spend(async () => {
      nowMs += 70;
      throw new Error('no answer');
    });
    await expect(failing).rejects.toThrow('no answer');
    expect(budget.leftMs).toBe(30);
  });
});
