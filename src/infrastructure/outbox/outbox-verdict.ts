import { AppError } from '../../common/app-error.js';
import { RedisUnavailableError } from '../redis/redis-unavailable.error.js';

/** A failing job waits 2, 4, 8 … s, so that retries do not worsen an outage, and at most 5 min, so that it is found healed. */
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 300_000;
/** While a service that jobs need is away: what waits is to go on soon after it is back. */
const LONGEST_OUTAGE_RETRY_MS = 30_000;
/** A worker of another version may know the type, and should find the job soon. */
const UNKNOWN_TYPE_RETRY_MS = 5_000;
/** Longer than any deployment takes. A type that nobody knew for so long is a mistake. */
const UNKNOWN_TYPE_PATIENCE_MS = 24 * 3_600_000;
/**
 * Workers that may vanish in a row while they have a job, without any progress between. They are mostly killed for another
 * reason; after so many the job is the likely one, and would go on to take its neighbours with it.
 */
const MAX_LOSSES = 20;

/** This worker does not know the type. */
export class UnknownTypeError extends Error {
  constructor(type: string) {
    super(`no handler of outbox event type ${type}`);
  }
}

/** What a job went through since it last made progress; see {@link verdictOn}. */
export interface Ordeal {
  /** Tries that failed in a row, whyever: the next one waits longer. */
  failures: number;
  /** Those of them that were the job's own fault. */
  strikes: number;
  /** Workers that vanished while they had it. */
  losses: number;
  createdAt: Date;
}

export type Verdict = { park: true } | { park: false; delayMs: number; strike: boolean };

/**
 * What becomes of a job whose try failed. Pure.
 *
 * A service that is away is no fault of the job, however long it is away, and no reason to park it.
 */
export function verdictOn(
  error: unknown,
  job: Ordeal,
  { maxAttempts, nowMs, random }: { maxAttempts: number; nowMs: number; random: number },
): Verdict {
  const retry = (delayMs: number, strike: boolean): Verdict => ({
    park: false,
    delayMs: delayMs / 2 + (random * delayMs) / 2, // so that jobs that failed together do not come back together
    strike,
  });
  if (error instanceof UnknownTypeError) {
    const isGivenUp = nowMs - job.createdAt.getTime() > UNKNOWN_TYPE_PATIENCE_MS;
    return isGivenUp ? { park: true } : retry(UNKNOWN_TYPE_RETRY_MS, false);
  }
  const doubled = FIRST_RETRY_MS * 2 ** job.failures;
  if (isOutage(error)) return retry(Math.min(doubled, LONGEST_OUTAGE_RETRY_MS), false);
  if (job.strikes + 1 >= maxAttempts) return { park: true };
  return retry(Math.min(doubled, LONGEST_RETRY_MS), true);
}

/** Whether so many workers vanished with a job that it is not tried again. */
export const isDeadly = ({ losses }: Ordeal): boolean => losses >= MAX_LOSSES;

/** Whether a service that jobs need did not answer, as opposed to a mistake in the job or in its handler. */
function isOutage(error: unknown): boolean {
  if (error instanceof RedisUnavailableError) return true;
  if (error instanceof AppError) return error.status === 503;
  return error instanceof Error && error.cause !== undefined && isOutage(error.cause);
}
