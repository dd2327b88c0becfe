import type { Random } from './random.js';

/** What happens beside a round of operations, and how often in a hundred rounds. */
const FAULTS = { none: 55, 'worker killed': 28, 'api killed': 8, 'redis failover': 5, 'redis flushed': 4 };
export type Fault = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as Fault[];

/**
 * One fault a round, none in the first. Each kind occurs when there are rounds enough. Drawn before anything runs: what is
 * drawn meanwhile depends on how long things take.
 */
export function faultSchedule(rounds: number, random: Random): Fault[] {
  const others = Math.max(0, rounds - 1);
  const certain = others >= FAULT_KINDS.length ? FAULT_KINDS : [];
  const drawn = Array.from({ length: others - certain.length }, () => random.weighted(FAULTS));
  return ['none', ...random.some([...certain, ...drawn], others)];
}
