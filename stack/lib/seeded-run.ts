import { parseArgs } from 'node:util';
import { nodeCommand, runAtTerminal } from './child.ts';
import { shutdownSignal } from './command.ts';
import { StackError } from './stack-error.ts';

/** A test of chance that a command runs for longer than CI does. */
export interface SeededRun {
  /** Of the command, as `npm run` knows it. */
  command: string;
  /** Part of the path of the test, which reads `<PREFIX>_<OPTION>` and `<PREFIX>_SEED`. */
  test: string;
  prefix: string;
  /** What can be said besides the seed: how much. */
  option: string;
  /** Without saying. */
  usual: number;
  most: number;
}

/** Seeds are whole numbers of 31 bits. */
const LARGEST_SEED = 0x7fff_ffff;

function wholeNumber(name: string, value: string, most: number): string {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= most) return value;
  throw new StackError(`--${name} must be a whole number from 1 to ${most}`);
}

function settings({ command, prefix, option, usual, most }: SeededRun): NodeJS.ProcessEnv {
  try {
    const { values } = parseArgs({ options: { [option]: { type: 'string' }, seed: { type: 'string' } } });
    const given = values as Record<string, string | undefined>;
    return {
      [`${prefix}_${option.toUpperCase()}`]: wholeNumber(option, given[option] ?? String(usual), most),
      [`${prefix}_SEED`]: wholeNumber('seed', given['seed'] ?? String(Date.now() % LARGEST_SEED), LARGEST_SEED),
    };
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError(`${(error as Error).message}. Use npm run ${command} -- [--${option} N] [--seed N]`);
  }
}

/** Runs the test on services of its own, with what the command line says. @returns the exit code */
export function runSeeded(run: SeededRun): Promise<number> {
  const env = { ...process.env, ...settings(run) };
  return runAtTerminal(nodeCommand('stack/commands/test.ts', run.test), { env, shutdown: shutdownSignal() });
}
