import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackDirectory } from './paths.ts';

/** How many tests or checks passed and failed. */
export interface Counts {
  passed: number;
  failed: number;
}

/** Where `npm test` and `npm run check` leave their counts, for .ci/run. */
export const resultsDirectory = join(stackDirectory, 'results');

export const sum = (counts: readonly Counts[]): Counts => ({
  passed: counts.reduce((total, { passed }) => total + passed, 0),
  failed: counts.reduce((total, { failed }) => total + failed, 0),
});

/** Forgets the counts of an earlier run of `command`. */
export function clearCounts(command: string): void {
  mkdirSync(resultsDirectory, { recursive: true });
  rmSync(join(resultsDirectory, `${command}.json`), { force: true });
}

export function writeCounts(command: string, counts: Counts): void {
  writeFileSync(join(resultsDirectory, `${command}.json`), JSON.stringify(counts));
}

/**
 * The counts of a file that Jest wrote with --json. A suite that could not run counts as one failure; no file at all
 * means that Jest did not come to its end.
 */
export function readJestCounts(file: string): Counts {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
    readFileSync(file, 'utf8'),
  ) as Record<string, number>;
  return { passed: numPassedTests ?? 0, failed: (numFailedTests ?? 0) + (numRuntimeErrorTestSuites ?? 0) };
}

/** The counts at the end of a TAP report of Node's own test runner. */
export function readTapCounts(file: string): Counts {
  const report = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(report)?.[1] ?? NaN);
  const [passed, failed, cancelled] = [count('pass'), count('fail'), count('cancelled')];
  return Number.isNaN(passed + failed + cancelled) ? { passed: 0, failed: 1 } : { passed, failed: failed + cancelled };
}
