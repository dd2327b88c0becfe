import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCommand, runAtTerminal } from './child.ts';
import { readJestCounts, readTapCounts, resultsDirectory, type Counts } from './results.ts';

const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

export interface PhaseOptions {
  env?: NodeJS.ProcessEnv;
  shutdown?: AbortSignal;
}

/** Runs some of Jest's projects; a non-zero exit without a failed test counts as a failure. */
export async function runJest(name: string, args: readonly string[], options: PhaseOptions = {}): Promise<Counts> {
  const file = join(resultsDirectory, `jest-${name}.json`);
  rmSync(file, { force: true });
  const command = [process.execPath, ...JEST, '--passWithNoTests', '--json', `--outputFile=${file}`, ...args];
  const code = await runAtTerminal(command, options);
  const counts = readJestCounts(file);
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** Runs the stack's own tests with Node's runner. */
export async function runStackTests(options: PhaseOptions = {}): Promise<Counts> {
  const file = join(resultsDirectory, 'stack.tap');
  rmSync(file, { force: true });
  const reporters = ['dot', 'stdout', 'tap', file].map((value, index) =>
    index % 2 === 0 ? `--test-reporter=${value}` : `--test-reporter-destination=${value}`,
  );
  const code = await runAtTerminal(nodeCommand('--test', ...reporters, 'stack/**/*.test.ts'), options);
  const counts = readTapCounts(file);
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}
