// npm run property [-- --operations N --seed N]: compares feeds with an oracle while users do random things and processes
// die, for as long as is asked for; CI runs 10,000 operations of one seed.
import { parseArgs } from 'node:util';
import { nodeCommand, runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { StackError } from '../lib/stack-error.ts';

/** Enough for an hour or so. */
const OPERATIONS = '200000';
/** Seeds are whole numbers of 31 bits. */
const LARGEST_SEED = 0x7fff_ffff;

function wholeNumber(name: string, value: string, most: number): string {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= most) return value;
  throw new StackError(`--${name} must be a whole number from 1 to ${most}`);
}

function options(): NodeJS.ProcessEnv {
  try {
    const { values } = parseArgs({ options: { operations: { type: 'string' }, seed: { type: 'string' } } });
    return {
      PROPERTY_OPERATIONS: wholeNumber('operations', values.operations ?? OPERATIONS, 100_000_000),
      PROPERTY_SEED: wholeNumber('seed', values.seed ?? String(Date.now() % LARGEST_SEED), LARGEST_SEED),
    };
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError(`${(error as Error).message}. Use npm run property -- [--operations N] [--seed N]`);
  }
}

await runCommand(() => {
  const env = { ...process.env, ...options() };
  const shutdown = shutdownSignal();
  return runAtTerminal(nodeCommand('stack/commands/test.ts', 'feed-property'), { env, shutdown });
});
