import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { sourcesFingerprint } from './build.ts';

let root: string;
const write = (file: string, text: string) => writeFileSync(join(root, file), text);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stack-build-'));
  mkdirSync(join(root, 'src/scripts'), { recursive: true });
  write('src/main.ts', 'one');
});

afterEach(() => rmSync(root, { recursive: true }));

it('changes with every file that the build reads', () => {
  const seen = [sourcesFingerprint(root)];
  const changes = [
    ['src/main.ts', 'two'],
    ['src/scripts/push-1.lua', ''],
    ['tsconfig.json', '{}'],
  ] as const;
  for (const [file, text] of changes) {
    write(file, text);
    seen.push(sourcesFingerprint(root));
  }
  assert.equal(new Set(seen).size, seen.length);
});

it('does not change with a test', () => {
  const before = sourcesFingerprint(root);
  write('src/main.spec.ts', 'a test');
  assert.equal(sourcesFingerprint(root), before);
});
