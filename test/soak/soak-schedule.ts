import type { Random } from '../oracle/random.js';

/** What may happen; all targets are drawn when the schedule is. */
export const FAULT_KINDS = [
  'api killed',
  'api restarted',
  'api frozen',
  'worker killed',
  'worker restarted',
  'worker frozen',
  'replica killed',
  'replica frozen',
  'primary restarted',
  'primary frozen',
  'redis master killed',
  'redis node frozen',
  'redis node cut off',
  'primary cut off',
] as const;
type FaultKind = (typeof FAULT_KINDS)[number];

export interface PlannedFault {
  kind: FaultKind;
  /** Of load before it, in milliseconds. */
  afterMs: number;
  /** How long it lasts where it is a matter of choice, in milliseconds. */
  lastsMs: number;
  /** Which one of several: a number to be taken modulo how many there are. */
  target: number;
}

const AFTER_MS = [1_000, 3_000] as const;
const LASTS_MS = [2_000, 6_000] as const;
/** What a fault takes on average, its end and the calm before it included. */
const TAKES_MS = 11_000;

/**
 * Faults one after the other, enough for a time. Each kind comes once in every round of all kinds, in another order. Drawn before
 * anything runs, so that a seed repeats it however long things take.
 */
export function soakSchedule(seconds: number, random: Random): PlannedFault[] {
  const count = Math.max(FAULT_KINDS.length, Math.ceil((seconds * 1_000) / TAKES_MS));
  const kinds: FaultKind[] = [];
  while (kinds.length < count) kinds.push(...random.some(FAULT_KINDS, FAULT_KINDS.length));
  return kinds.slice(0, count).map((kind) => ({
    kind,
    afterMs: random.int(...AFTER_MS),
    lastsMs: random.int(...LASTS_MS),
    target: random.int(0, 999),
  }));
}
