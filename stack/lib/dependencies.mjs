import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from './lock.mjs';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * Whether node_modules holds what package-lock.json says. npm writes node_modules/.package-lock.json last, so that an
 * interrupted installation is not taken for a whole one. Packages for other platforms are optional and not installed.
 */
export function isInstalled(root) {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile) || !existsSync(join(root, 'node_modules/.bin/node'))) return false;
  const installed = readJson(installedFile).packages;
  return Object.entries(readJson(join(root, 'package-lock.json')).packages).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === wanted.version && found.integrity === wanted.integrity : wanted.optional === true;
  });
}

/** Not spawnSync: meanwhile this process answers those who meet its lock. */
const npmCi = (root) =>
  new Promise((resolve, reject) => {
    const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
    npm.once('error', (error) => reject(new Error(`npm could not be run: ${error.message}`)));
    npm.once('exit', (code, signal) =>
      code === 0
        ? resolve()
        : reject(new Error(`npm ci failed (${signal ?? `exit code ${code}`}); its messages are above`)),
    );
  });

/** Installs the dependencies when they are missing or others than package-lock.json says. */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return;
  const lock = await acquireLock(join(root, 'node_modules'), {
    purpose: 'npm ci',
    onHolder: ({ pid }) => console.log(`Waiting for the installation by process ${pid} …`),
  });
  try {
    if (isInstalled(root)) return;
    const startedAt = Date.now();
    console.log('Installing the dependencies (npm ci) …');
    await npmCi(root);
    console.log(`Dependencies installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  } finally {
    lock.release();
  }
}
