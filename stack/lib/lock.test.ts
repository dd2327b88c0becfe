import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { it } from 'node:test';
import { acquireLock, type LockHolder } from './lock.mjs';

const name = `/a test of locks/${process.pid}`;

it('tells who holds a lock, and does not wait unless asked to', async () => {
  const lock = await acquireLock(name, { purpose: 'testing' });
  const holders: LockHolder[] = [];
  assert.equal(await acquireLock(name, { wait: false, onHolder: (holder) => holders.push(holder) }), null);
  assert.deepEqual(holders, [{ pid: process.pid, purpose: 'testing' }]);
  lock.release();
});

it('gives a lock to one at a time, in turn', async () => {
  let holding = 0;
  const work = async () => {
    const lock = await acquireLock(name);
    assert.equal(++holding, 1);
    await new Promise(setImmediate);
    holding -= 1;
    lock.release();
  };
  await Promise.all(Array.from({ length: 8 }, work));
});

it('is free again when its holder is killed', async () => {
  const module = JSON.stringify(join(import.meta.dirname, 'lock.mjs'));
  const script = `const { acquireLock } = await import(${module});
    await acquireLock(${JSON.stringify(name)}); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const met = Promise.withResolvers<void>();
  const lock = acquireLock(name, { onHolder: () => met.resolve() });
  await met.promise;
  holder.kill('SIGKILL');
  (await lock).release();
});
