import { Random } from '../oracle/random.js';
import { FAULT_KINDS, soakSchedule } from '../soak/soak-schedule.js';

describe(soakSchedule, () => {
  const of = (seed: number) => soakSchedule(3_600, new Random(seed));

  it('is the same again for a seed, so that what failed can be repeated, and another one for another', () => {
    expect(of(7)).toEqual(of(7));
    expect(of(8)).not.toEqual(of(7));
  });

  it('has every kind of fault, in the three minutes of CI too, and each as often', () => {
    expect(new Set(soakSchedule(180, new Random(7)).map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
    const counts = FAULT_KINDS.map((kind) => of(7).filter((fault) => fault.kind === kind).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  it('lets things be for a moment before each', () => {
    expect(of(7).filter(({ afterMs, lastsMs }) => afterMs < 1_000 || lastsMs < 2_000)).toEqual([]);
  });
});
