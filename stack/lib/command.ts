import { report } from './stack-error.ts';

/** Runs a command: reports what it throws, and turns that into the exit code. */
export async function runCommand(command: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await command()) ?? 0;
  } catch (error) {
    console.error(report(error));
    process.exitCode = 1;
  }
  // Nothing that was started detached, and no idle connection, may hold the command back.
  process.exit();
}
