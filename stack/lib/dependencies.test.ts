import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { isInstalled } from './dependencies.mjs';

let root: string;

const wanted = {
  '': { name: 'sns' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/for-another-platform': { version: '1.0.0', integrity: 'sha512-b', optional: true },
};

const write = (file: string, packages: object) => writeFileSync(join(root, file), JSON.stringify({ packages }));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stack-dependencies-'));
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  writeFileSync(join(root, 'node_modules/.bin/node'), '');
  write('package-lock.json', wanted);
});

afterEach(() => rmSync(root, { recursive: true }));

it('takes an installation that did not come to its end for none', () => {
  assert.equal(isInstalled(root), false);
});

it('accepts what the lock file says, without the packages of other platforms', () => {
  write('node_modules/.package-lock.json', { 'node_modules/a': wanted['node_modules/a'] });
  assert.equal(isInstalled(root), true);
});

it('notices another version and a missing package', () => {
  write('node_modules/.package-lock.json', { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-x' } });
  assert.equal(isInstalled(root), false);
  write('node_modules/.package-lock.json', {});
  assert.equal(isInstalled(root), false);
});
