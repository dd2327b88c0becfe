import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCommand, runQuietly } from './child.ts';
import { acquireLock } from './lock.mjs';
import { root } from './paths.ts';
import { step } from './progress.ts';
import { StackError } from './stack-error.ts';

const SOURCES = ['src/**/*', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];

/** A fingerprint of everything that the build reads. */
export function sourcesFingerprint(directory: string): string {
  const hash = createHash('sha256');
  for (const file of globSync(SOURCES, { cwd: directory }).sort()) {
    if (file.endsWith('.spec.ts') || !statSync(join(directory, file)).isFile()) continue;
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(directory, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Builds dist/ when the sources are others than those it was built from. The build empties dist/ first. */
export async function ensureBuilt(): Promise<void> {
  const stampFile = join(root, 'dist/.sources');
  const isBuilt = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === sourcesFingerprint(root);
  const lock = await acquireLock(join(root, 'dist'), { purpose: 'building' });
  try {
    if (isBuilt()) return;
    const fingerprint = sourcesFingerprint(root); // before the build: a change meanwhile is built the next time
    await step('Build', async () => {
      const { code, output } = await runQuietly(nodeCommand('node_modules/@nestjs/cli/bin/nest.js', 'build'));
      if (code !== 0) throw new StackError(`The build failed\n${output.trim()}`);
    });
    writeFileSync(stampFile, fingerprint);
  } finally {
    lock.release();
  }
}
