import { processesWithEnvironment, processesWorkingIn } from './proc.ts';
import { kill } from './processes.ts';

/** Given to everything that a test run starts, and inherited, so that nothing of it can hide. */
export const INSTANCE_VARIABLE = 'STACK_INSTANCE_DIR';

/** The processes of a test run: its services, and whatever was started with its environment. */
const processesOfRun = (directory: string): number[] => [
  ...new Set([...processesWorkingIn(directory), ...processesWithEnvironment(INSTANCE_VARIABLE, directory)]),
];

/** Kills what is left of a test run, until nothing is: a process may start another while it is being killed. */
export async function sweep(directory: string): Promise<number> {
  let swept = 0;
  for (;;) {
    const left = processesOfRun(directory);
    if (left.length === 0) return swept;
    swept += left.length;
    await kill(left);
  }
}
