import { RedisUnavailableError } from './redis-unavailable.error.js';

/** Stands for the reply of a node that gave none. */
export const UNREACHED = Symbol('unreached');

export type Reached<T> = T | typeof UNREACHED;

/**
 * Waits for replies that come from several nodes: one that gives none does not take the others' along.
 *
 * @returns in the order of the replies
 * @throws RedisUnavailableError when no node gave a reply
 * @throws the first error that is not of that kind
 */
export async function reached<T>(replies: readonly Promise<T>[]): Promise<Reached<T>[]> {
  const settled = await Promise.allSettled(replies);
  const all = settled.map((reply): Reached<T> => {
    if (reply.status === 'fulfilled') return reply.value;
    if (reply.reason instanceof RedisUnavailableError) return UNREACHED;
    throw reply.reason;
  });
  if (all.length > 0 && all.every((reply) => reply === UNREACHED)) {
    throw (settled[0] as PromiseRejectedResult).reason;
  }
  return all;
}
