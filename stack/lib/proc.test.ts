import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  isRunning,
  isWithin,
  listenerOn,
  processesWithEnvironment,
  processesWorkingIn,
  withoutDeletedMark,
  worksInDeleted,
} from './proc.ts';
import { kill } from './processes.ts';

describe('isWithin', () => {
  it('does not take a neighbour with a longer name for a part', () => {
    assert.ok(isWithin('/a/b', '/a/b'));
    assert.ok(isWithin('/a/b/c', '/a/b'));
    assert.ok(!isWithin('/a/bc', '/a/b'));
  });
});

describe('withoutDeletedMark', () => {
  it('takes away only the mark at the end', () => {
    assert.equal(withoutDeletedMark('/a (deleted)/b (deleted)'), '/a (deleted)/b');
  });
});

describe('the ownership of processes', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'stack proc ')));
  const inDirectory = (program: string, args: string[]) =>
    spawn(program, args, { cwd: directory, stdio: 'ignore', env: { ...process.env, STACK_TEST_MARK: directory } });
  const forever = ['-e', 'setInterval(() => {}, 1000)'];
  const pids: number[] = [];

  before(async () => {
    const ours = inDirectory(process.execPath, forever);
    const foreign = inDirectory('tail', ['-f', '/dev/null']);
    await Promise.all([once(ours, 'spawn'), once(foreign, 'spawn')]);
    pids.push(ours.pid!, foreign.pid!);
  });

  after(async () => {
    await kill(pids);
    rmSync(directory, { recursive: true, force: true });
  });

  it("takes a program of the checkout that works in the service's directory for the service's", () => {
    assert.deepEqual(processesWorkingIn(directory), [pids[0]]);
  });

  it('finds every process that inherited a variable', () => {
    assert.deepEqual(processesWithEnvironment('STACK_TEST_MARK', directory), pids);
  });

  it('still recognises a process whose directory was deleted, and says that it was', () => {
    rmSync(directory, { recursive: true });
    assert.deepEqual(processesWorkingIn(directory), [pids[0]]);
    assert.ok(worksInDeleted(pids[0]!));
  });

  it('knows that a killed process does not run', async () => {
    await kill([pids[0]!]);
    assert.ok(!isRunning(pids[0]!));
    assert.deepEqual(processesWorkingIn(directory), []);
  });

  it('says who listens on a port', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    assert.equal(listenerOn((server.address() as AddressInfo).port), process.pid);
    server.close();
    await once(server, 'close');
  });
});
