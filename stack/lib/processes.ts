import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { pollUntil } from './poll.ts';
import { isRunning } from './proc.ts';

/** A service's log is put aside when it has grown to this; one older one is kept. */
const MAX_LOG_BYTES = 20 * 1024 * 1024;

/** Makes the kernel kill the process when the one that started it ends, even by SIGKILL. */
const bound = (command: readonly string[]): string[] => ['setpriv', '--pdeathsig', 'KILL', '--', ...command];

const execute = promisify(execFile);

/** Runs a tool to its end and answers what it printed. Fails when it fails or takes longer. */
export async function runTool(
  command: readonly string[],
  options: { timeoutMs: number; workingDirectory?: string },
): Promise<string> {
  const [program, ...args] = bound(command);
  const { stdout } = await execute(program!, args, {
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    cwd: options.workingDirectory,
  });
  return stdout;
}

export interface LaunchOptions {
  workingDirectory: string;
  logFile: string;
  /** `bound` processes are killed by the kernel when the process that launched them ends, even by SIGKILL. */
  lifetime: 'detached' | 'bound';
  environment?: Readonly<Record<string, string>>;
}

/** Starts a process in a session of its own, so that a Ctrl-C in the terminal does not reach it. Returns its pid. */
export async function launch(command: readonly string[], options: LaunchOptions): Promise<number> {
  if (existsSync(options.logFile) && statSync(options.logFile).size > MAX_LOG_BYTES) {
    renameSync(options.logFile, `${options.logFile}.1`);
  }
  const [program, ...args] = options.lifetime === 'bound' ? bound(command) : command;
  const log = openSync(options.logFile, 'a');
  try {
    const child = spawn(program!, args, {
      cwd: options.workingDirectory,
      detached: true,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', log, log],
    });
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return child.pid!;
  } finally {
    closeSync(log);
  }
}

/** Sends a signal; false when the process has ended already. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until none of the processes runs any more. */
const waitForEnd = (pids: readonly number[], timeoutMs: number): Promise<void> =>
  pollUntil(
    () => {
      const left = pids.filter(isRunning);
      if (left.length > 0) throw new Error(`still running: ${left.join(', ')}`);
    },
    { timeoutMs, everyMs: 20 },
  );

/** A MySQL server flushes its pages first; 30 s is far more than any of ours has needed. */
const GRACE_MS = 30_000;

/** Ends processes: SIGTERM, and SIGKILL for what is left after the grace. */
export async function terminate(pids: readonly number[], graceMs = GRACE_MS): Promise<void> {
  const asked = pids.filter((pid) => sendSignal(pid, 'SIGTERM'));
  await waitForEnd(asked, graceMs).catch(async () => {
    const left = asked.filter(isRunning);
    console.error(`Killing ${left.join(', ')}: not ended ${graceMs / 1000} s after SIGTERM`);
    await kill(left);
  });
}

/** Ends processes at once. */
export async function kill(pids: readonly number[]): Promise<void> {
  await waitForEnd(
    pids.filter((pid) => sendSignal(pid, 'SIGKILL')),
    GRACE_MS,
  );
}
