import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from './stack-error.ts';

/** Thrown when a condition did not come true in time; `cause` is the last reason. */
class DeadlineError extends Error {
  constructor(timeoutMs: number, cause: unknown) {
    super(`not within ${timeoutMs / 1000} s: ${messageOf(cause)}`, { cause });
    this.name = 'DeadlineError';
  }
}

/** Thrown by a check when waiting cannot help. */
export class HopelessError extends Error {}

/** Tries `check` until it does not throw. `giveUp` ends it early, with the reason, when there is nothing to wait for. */
export async function pollUntil<T>(
  check: () => T | Promise<T>,
  { timeoutMs, everyMs = 50, giveUp }: { timeoutMs: number; everyMs?: number; giveUp?: () => string | undefined },
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (error instanceof HopelessError) throw error;
      const reason = giveUp?.();
      if (reason !== undefined) throw new Error(reason, { cause: error });
      if (performance.now() > deadline) throw new DeadlineError(timeoutMs, error);
    }
    await delay(everyMs);
  }
}
