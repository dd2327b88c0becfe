import { report } from './stack-error.ts';

/** Whoever reads the output may leave (`| head`, a closed terminal): the work goes on, and is not left half done. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
}

/** Runs a command: reports what it throws, and turns that into the exit code. */
export async function runCommand(command: () => Promise<number | void>): Promise<void> {
  outliveReaders();
  try {
    process.exitCode = (await command()) ?? 0;
  } catch (error) {
    console.error(report(error));
    process.exitCode = 1;
  }
  // Nothing that was started detached, and no idle connection, may hold the command back.
  process.exit();
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A signal that is aborted when the command is asked to end: by Ctrl-C, SIGTERM, a closed terminal, or because run.mjs,
 * which started it, is gone (its channel closes however it ends). Asking again changes nothing.
 */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => controller.abort(signal));
  process.on('disconnect', () => controller.abort('SIGTERM'));
  return controller.signal;
}
