import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './paths.ts';

/**
 * Starts a child of this command in the checkout. On Linux the kernel sends it SIGTERM when this process ends, however
 * that happens, so that it cannot linger.
 */
export function spawnChild(command: readonly string[], env: NodeJS.ProcessEnv, stdio: StdioOptions): ChildProcess {
  const bound = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'TERM', '--', ...command] : command;
  const [program, ...args] = bound;
  return spawn(program!, args, { cwd: root, env, stdio });
}

/** Waits for the end of a child; its exit code, or 128 + the number of the signal that ended it. */
function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}

/** Runs a program at this terminal to its end, or until `shutdown` asks it to end too. */
export async function runAtTerminal(
  command: readonly string[],
  { env = process.env, shutdown }: { env?: NodeJS.ProcessEnv; shutdown?: AbortSignal } = {},
): Promise<number> {
  const child = spawnChild(command, env, 'inherit');
  const end = (): void => void child.kill('SIGTERM');
  shutdown?.addEventListener('abort', end, { once: true });
  try {
    return await exitCodeOf(child);
  } finally {
    shutdown?.removeEventListener('abort', end);
  }
}

/** Runs a program to its end and keeps what it prints. */
export async function runQuietly(
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number; output: string }> {
  const child = spawnChild(command, env, ['ignore', 'pipe', 'pipe']);
  const chunks: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  const code = await exitCodeOf(child);
  await closed; // what it printed last may come after its exit
  return { code, output: Buffer.concat(chunks).toString('utf8') };
}

/** The path of a program of node_modules that is run with the project's Node. */
export const nodeCommand = (script: string, ...args: readonly string[]): string[] => [
  process.execPath,
  script,
  ...args,
];
