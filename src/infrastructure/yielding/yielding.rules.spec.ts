import { FIRST_SHARE, LEAST_SHARE, nextShare } from './yielding.rules.js';

const TARGET = { targetMs: 5, used: true };

describe('Share of background work', () => {
  it('is the whole while there are no requests', () => {
    expect(nextShare(0.3, { ...TARGET, slowestMs: undefined })).toBeUndefined();
  });

  it('begins small when requests come', () => {
    expect(nextShare(undefined, { ...TARGET, slowestMs: 0.1 })).toBe(FIRST_SHARE);
  });

  it('grows while requests are fast, up to the whole', () => {
    const shares = [0.2];
    while (shares.length < 200) shares.push(nextShare(shares.at(-1), { ...TARGET, slowestMs: 4 })!);
    expect(shares.every((share, index) => index === 0 || share > shares[index - 1]! || share === 1)).toBe(true);
    expect(shares.at(-1)).toBe(1);
  });

  it('shrinks by a factor while requests are slow, and never to nothing', () => {
    const once = nextShare(0.8, { ...TARGET, slowestMs: 6 })!;
    expect(once).toBeLessThan(0.6);
    let share: number | undefined = once;
    for (let i = 0; i < 50; i++) share = nextShare(share, { ...TARGET, slowestMs: 6 });
    expect(share).toBe(LEAST_SHARE);
  });

  it('stays as it is while it is not used', () => {
    expect(nextShare(0.3, { ...TARGET, used: false, slowestMs: 1 })).toBe(0.3);
    expect(nextShare(0.3, { ...TARGET, used: false, slowestMs: 9 })).toBe(0.3);
  });
});
