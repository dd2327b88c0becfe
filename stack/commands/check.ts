// npm run check: format, lint, types, dead code, import rules, unit tests and, where the registry tells, known vulnerabilities; all of
// them, whichever fails.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { audit } from '../lib/audit.ts';
import { nodeCommand, runQuietly } from '../lib/child.ts';
import { runCommand } from '../lib/command.ts';
import { root } from '../lib/paths.ts';
import { printStep } from '../lib/progress.ts';
import { clearCounts, writeCounts } from '../lib/results.ts';

const bin = (name: string, ...args: readonly string[]) => nodeCommand(`node_modules/.bin/${name}`, ...args);
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

const checks: [string, string[]][] = [
  ['Format', bin('prettier', '--check', '--log-level', 'warn', '.')],
  ['Lint', bin('oxlint', '--type-aware', '--deny-warnings', 'src', 'test', 'stack', 'bench')],
  ['Types', bin('tsc', '--noEmit', '-p', 'tsconfig.json')],
  ['Types of the stack', bin('tsc', '--noEmit', '-p', 'stack/tsconfig.json')],
  ['Types of the benchmarks', bin('tsc', '--noEmit', '-p', 'bench/tsconfig.json')],
  ['Dead code', bin('knip', '--treat-config-hints-as-errors', '--no-progress')],
  ['Tests of the stack', nodeCommand('--test', '--test-reporter=spec', 'stack/**/*.test.ts')],
  ['Unit tests', [process.execPath, ...JEST, '--selectProjects', 'unit', '--passWithNoTests']],
];
if (existsSync(join(root, '.dependency-cruiser.mjs'))) {
  checks.push(['Import rules', bin('depcruise', '--config', '.dependency-cruiser.mjs', 'src', 'test/oracle')]);
}

await runCommand(async () => {
  clearCounts('check');
  let failed = 0;
  for (const [name, command] of checks) {
    const startedAt = performance.now();
    const { code, output } = await runQuietly(command);
    printStep(name, startedAt, code === 0 ? 'ok' : 'FAILED');
    if (code !== 0) {
      failed += 1;
      console.log(output.trimEnd());
    }
  }
  const startedAt = performance.now();
  const { outcome, output } = await audit();
  printStep('Known vulnerabilities', startedAt, outcome);
  if (outcome === 'FAILED') {
    failed += 1;
    console.log(output);
  }
  writeCounts('check', { passed: checks.length + 1 - failed, failed });
  return failed === 0 ? 0 : 1;
});
