import type { Course, Fault } from './course.js';
import type { Random } from './random.js';

export const isOfRedis = (fault: Fault): boolean => fault.startsWith('redis');

/**
 * One fault a round, none in the first. Each kind that has a weight occurs when there are rounds enough. Drawn before
 * anything runs: what is drawn meanwhile depends on how long things take.
 */
export function faultSchedule(rounds: number, random: Random, weights: Course['faults']): Fault[] {
  const kinds = (Object.keys(weights) as Fault[]).filter((fault) => weights[fault] > 0);
  const others = Math.max(0, rounds - 1);
  const certain = others >= kinds.length ? kinds : [];
  const drawn = Array.from({ length: others - certain.length }, () => random.weighted(weights));
  return ['none', ...random.some([...certain, ...drawn], others)];
}
