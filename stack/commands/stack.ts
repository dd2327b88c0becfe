// npm run stack -- up|down|status|reset [--instance development|test] [--yes]
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { createBackend, type Backend } from '../lib/backend.ts';
import { runCommand } from '../lib/command.ts';
import { readDevelopment } from '../lib/development.ts';
import { lastPorts } from '../lib/instance.ts';
import { acquireLock } from '../lib/lock.mjs';
import type { InstanceName } from '../lib/paths.ts';
import { step } from '../lib/progress.ts';
import { StackError } from '../lib/stack-error.ts';
import { formatStatus } from '../lib/status.ts';

const USAGE = 'usage: npm run stack -- up|down|status|reset [--instance development|test] [--yes]';

/** @param action `up` goes by the settings, everything else by where the services came up last */
function instanceNamed(name: string, action: string): Promise<Backend> {
  if (name === 'development') {
    const { ports } = readDevelopment();
    return createBackend(name, action === 'up' ? ports : (lastPorts(name) ?? ports));
  }
  if (name !== 'test') throw new StackError(`there is no instance ${name}\n${USAGE}`);
  const ports = lastPorts(name);
  if (ports === undefined) throw new StackError('the test instance is not there: `npm test` makes it and ends it');
  return createBackend(name, ports);
}

async function confirmReset(name: InstanceName): Promise<void> {
  if (!process.stdin.isTTY) throw new StackError('reset deletes data: without a terminal to ask at it needs --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Delete all data of the ${name} services? (yes/no) `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new StackError('nothing was deleted');
}

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { instance: { type: 'string', default: 'development' }, yes: { type: 'boolean', default: false } },
  });
  const [action, ...more] = positionals;
  if (!['up', 'down', 'status', 'reset'].includes(action ?? '') || more.length > 0) throw new StackError(USAGE);
  const instance = await instanceNamed(values.instance, action!);

  if (action === 'status') {
    const statuses = await instance.status();
    console.log(formatStatus(statuses));
    return statuses.every(({ isUp }) => isUp) ? 0 : 1;
  }
  if (action === 'reset' && !values.yes) await confirmReset(instance.name);
  const lock = await acquireLock(instance.directory, {
    purpose: `stack ${action}`,
    onHolder: ({ pid, purpose }) => console.log(`Waiting for process ${pid} (${purpose}) …`),
  });
  try {
    if (action === 'up') await instance.up();
    else await step('Services stopped', () => instance.stop());
    if (action === 'reset') await instance.deleteData();
  } finally {
    lock.release();
  }
  return 0;
});
