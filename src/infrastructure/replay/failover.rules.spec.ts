import { afterLook, hasFailedOver, LOST_MS, type RedisWatch } from './failover.rules.js';

const T = 1_800_000_000_000;
const known: RedisWatch = { lives: { a: 'run1:x', b: 'run2:y' }, seenAtMs: T };
const look = (lives: Record<string, string>, complete = true, atMs = T + 4_000) =>
  afterLook(known, { lives, complete }, atMs);

describe(afterLook.name, () => {
  it('notes that all is as it was', () => {
    expect(look(known.lives)).toEqual({ ...known, seenAtMs: T + 4_000, replay: undefined });
  });

  it('takes the masters of a first look for what they are', () => {
    const first = afterLook({ lives: {}, seenAtMs: T }, { lives: known.lives, complete: true }, T);
    expect(first).toEqual({ lives: known.lives, seenAtMs: T, replay: undefined });
  });

  it.each([
    ['a replica that took over', { c: 'run3:z', b: 'run2:y' }],
    ['a master that started again', { a: 'run9:x', b: 'run2:y' }],
    ['a master that had lost its role and has it again', { a: 'run1:w', b: 'run2:y' }],
  ])('asks for a replay after %s', (_, lives) => {
    expect(look(lives)).toEqual({
      lives,
      seenAtMs: T + 4_000,
      replay: { fromMs: T - LOST_MS, untilMs: T + 9_000 },
    });
  });

  it('asks for none when a master that owned slots has gone and the others have them', () => {
    expect(look({ b: 'run2:y' }).replay).toBeUndefined();
  });

  it('keeps those whose slots have no owner, and since when', () => {
    const degraded = look({ b: 'run2:y' }, false);
    expect(degraded).toEqual({ ...known, replay: undefined });
    expect(hasFailedOver(degraded, { lives: { a: 'run9:x' }, complete: true })).toBe(true);
    const later = afterLook(degraded, { lives: { a: 'run9:x', b: 'run2:y' }, complete: true }, T + 600_000);
    expect(later.replay).toEqual({ fromMs: T - LOST_MS, untilMs: T + 605_000 });
  });

  it('asks while others still have no owner', () => {
    const next = look({ c: 'run3:z' }, false);
    expect(next.lives).toEqual({ ...known.lives, c: 'run3:z' });
    expect(next.replay?.fromMs).toBe(T - LOST_MS);
  });

  it('makes one of a replay that waits and a new one', () => {
    const waiting = { ...known, replay: { fromMs: T - 500_000, untilMs: T - 400_000 } };
    const next = afterLook(waiting, { lives: { c: 'run3:z', b: 'run2:y' }, complete: true }, T + 4_000);
    expect(next.replay).toEqual({ fromMs: T - 500_000, untilMs: T + 9_000 });
  });

  it('changes nothing after a look that began before what is known', () => {
    expect(look({ z: 'run0:z' }, true, T - 1)).toBe(known);
  });
});
