import { inTime } from './deadline.js';

/** Redis gave no answer: it is down, cut off, too slow, or in no state to. The caller chooses what to do without it. */
export class RedisUnavailableError extends Error {
  override name = 'RedisUnavailableError';
}

/** This process ends, and does not wait for another try. */
export class ProcessEndsError extends RedisUnavailableError {
  override name = 'ProcessEndsError';
}

/** Whether Redis itself refused, as opposed to not being there. */
export const isReplyError = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/**
 * Refusals that tell of the state of a node and not of a mistake here: no memory left, no owner of a slot, data that is
 * being loaded, a disk that is full, a script that runs for too long. Old servers wrap a script's in words of their own.
 */
const UNABLE =
  /(^|: -)(OOM|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOSCRIPT|LOADING|MASTERDOWN|READONLY|NOREPLICAS|MISCONF|BUSY)\b/;

/** @returns mistakes that Redis refused as they are, everything else as {@link RedisUnavailableError} */
export function asRedisError(error: unknown): Error {
  if (error instanceof RedisUnavailableError) return error;
  if (isReplyError(error)) {
    return UNABLE.test(error.message) ? new RedisUnavailableError('refused', { cause: error }) : error;
  }
  return new RedisUnavailableError('no connection', { cause: error });
}

/**
 * Waits for an answer of Redis, for a bounded time.
 *
 * @throws RedisUnavailableError when there is none in time, or no connection; what Redis itself answers passes
 */
export async function withinDeadline<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
  try {
    const answered = await inTime(answer, deadlineMs);
    if (answered) return answered.value;
  } catch (error) {
    // Libraries throw refusals of their own that are no errors.
    throw error instanceof Error ? asRedisError(error) : error;
  }
  throw new RedisUnavailableError(`no answer within ${Math.round(deadlineMs)} ms`);
}
