import type { Logger } from '@nestjs/common';
import type { JobMetrics } from '../metrics/job.metrics.js';

/** How often rows that have had their time are removed. */
export const CLEAN_UP_EVERY_MS = 60_000;
/** Rows of one DELETE: a short transaction that replicas apply without lagging. */
export const CLEAN_UP_BATCH = 1_000;

/**
 * A job that deletes old rows batch by batch until none are left. Several workers may do it at once: each deletes what it
 * finds.
 *
 * @param what names the job in the figures, and in the log if it fails; the next run tries again
 * @param steps each deletes one batch in a transaction of its own and answers how many rows went
 * @returns does one run, and never throws
 */
export function cleaningUp(
  logger: Logger,
  jobs: JobMetrics,
  what: string,
  ...steps: (() => Promise<number>)[]
): () => Promise<void> {
  const measured = jobs.measured(`cleaning up ${what}`, async () => {
    for (const deleteBatch of steps) while ((await deleteBatch()) === CLEAN_UP_BATCH);
  });
  return async () => {
    try {
      await measured();
    } catch (error) {
      logger.error(error, `${what} could not be removed; the next run tries again`);
    }
  };
}
