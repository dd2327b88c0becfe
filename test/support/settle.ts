import { setTimeout as pause } from 'node:timers/promises';
import type { TestDatabase } from './test-database.js';

const POLL_MS = 20;
/** Generous, because a loaded machine must not fail a test; a test that waits this long has failed anyway. */
const DEFAULT_TIMEOUT_MS = 15_000;

interface UntilOptions {
  /** What is waited for, to be named when it does not come. */
  what: string;
  timeoutMs?: number;
}

/**
 * Polls until a condition holds. A condition that throws does not hold yet; its last error is told at the end.
 *
 * @returns what the condition returned when it held
 */
export async function until<T>(
  condition: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  { what, timeoutMs = DEFAULT_TIMEOUT_MS }: UntilOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: failure });
    await pause(POLL_MS);
  }
}

/** Waits until the workers have nothing left to do: every outbox job is finished, and counts are written back. */
export async function settle(database: TestDatabase, timeoutMs?: number): Promise<void> {
  let pending: { type: string; lane: string; last_error: string | null }[] = [];
  const isIdle = async (): Promise<boolean> => {
    pending = await database.query("SELECT type, lane, last_error FROM outbox_events WHERE state = 'pending'");
    return pending.length === 0 && (await isEmpty(database, 'post_count_changes'));
  };
  await until(isIdle, { what: 'the outbox to be empty and counts written back', timeoutMs }).catch((error: Error) => {
    throw new Error(`${error.message}; pending: ${JSON.stringify(pending.slice(0, 3))}`, { cause: error });
  });
}

/** Waits until counts are written back, and compared with those in Redis: a second later. */
export async function settleCounts(database: TestDatabase, timeoutMs?: number): Promise<void> {
  const isIdle = async (): Promise<boolean> =>
    (await isEmpty(database, 'post_count_changes')) && (await isEmpty(database, 'post_count_checks'));
  await until(isIdle, { what: 'the counts to be checked', timeoutMs });
}

const isEmpty = async (database: TestDatabase, table: string): Promise<boolean> =>
  (await database.query(`SELECT 1 FROM ${table} LIMIT 1`)).length === 0;
