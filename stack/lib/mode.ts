import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StackError } from './stack-error.ts';

const run = promisify(execFile);
const ENGINE_ANSWER_MS = 3_000;

export type Mode = 'docker' | 'native';

/** How the services run: as STACK says, else with Docker where an engine answers, else natively. */
export async function resolveMode(): Promise<Mode> {
  const wish = process.env.STACK;
  if (wish === 'docker' || wish === 'native') return wish;
  if (wish !== undefined && wish !== '') throw new StackError('STACK must be docker or native');
  return run('docker', ['info'], { timeout: ENGINE_ANSWER_MS, killSignal: 'SIGKILL' }).then(
    () => 'docker',
    () => 'native', // no program, or no engine behind it
  );
}
