import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { readJestCounts, readTapCounts } from './results.ts';

const directory = mkdtempSync(join(tmpdir(), 'stack-results-'));
after(() => rmSync(directory, { recursive: true }));

const write = (name: string, text: string): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};

it('counts a Jest suite that could not run as a failure', () => {
  const file = write('jest.json', '{"numPassedTests":3,"numFailedTests":1,"numRuntimeErrorTestSuites":1}');
  assert.deepEqual(readJestCounts(file), { passed: 3, failed: 2 });
});

it("reads the counts at the end of Node's report", () => {
  const file = write('node.tap', 'ok 1 - x\n# tests 3\n# pass 2\n# fail 0\n# cancelled 1\n# skipped 0\n');
  assert.deepEqual(readTapCounts(file), { passed: 2, failed: 1 });
});

it('counts a report that is missing or cut off as a failure', () => {
  assert.deepEqual(readJestCounts(join(directory, 'none')), { passed: 0, failed: 1 });
  assert.deepEqual(readTapCounts(write('cut.tap', 'ok 1 - x\n')), { passed: 0, failed: 1 });
});
