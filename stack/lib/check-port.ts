import { isFree } from './free-ports.ts';
import { commandLine, listenerOn, processesWorkingIn } from './proc.ts';
import { StackError } from './stack-error.ts';

const SHOWN_COMMAND_LENGTH = 120;

/** Fails when somebody else than the services of the instance in `directory` listens on the port, and says who. */
export async function checkPort(directory: string, user: string, port: number): Promise<void> {
  if (await isFree(port)) return;
  const holder = listenerOn(port);
  if (holder !== undefined && processesWorkingIn(directory).includes(holder)) return;
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder} (${commandLine(holder).slice(0, SHOWN_COMMAND_LENGTH)})`;
  throw new StackError(`Port ${port}, which ${user} needs, is taken by ${who}`, {
    advice: 'Stop it, or move all ports of this checkout: set STACK_PORT_OFFSET (say, 200) for every command.',
  });
}
