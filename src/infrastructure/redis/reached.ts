import type { Outcome } from './outcomes.js';
import { RedisUnavailableError } from './redis-unavailable.error.js';

/** Stands for the reply of a node that gave none. */
export const UNREACHED = Symbol('unreached');

export type Reached<T> = T | typeof UNREACHED;

/**
 * Replies that come from several nodes: one that gives none does not take the others' along.
 *
 * @returns in the order of the outcomes
 * @throws RedisUnavailableError when no node gave a reply
 * @throws the first error that is not of that kind
 */
export function reached<T>(outcomes: readonly Outcome[]): Reached<T>[] {
  let unreached: Error | undefined;
  let isAny = false;
  const replies = outcomes.map((outcome): Reached<T> => {
    if (!outcome.error) {
      isAny = true;
      return outcome.reply as T;
    }
    if (!(outcome.error instanceof RedisUnavailableError)) throw outcome.error;
    unreached ??= outcome.error;
    return UNREACHED;
  });
  if (unreached && !isAny) throw unreached;
  return replies;
}
