import type { Readable } from 'node:stream';
import pretty from 'pino-pretty';

/** In a terminal a person reads; elsewhere a program collects the JSON lines as they are. */
export const isTerminal = process.stdout.isTTY === true;

/** Shows a process's JSON log in the terminal, each line with the process's name. */
export function showLog(output: Readable, name: string): void {
  const messageFormat = `[${name}] {if context}{context}: {end}{msg}`;
  output.pipe(pretty({ destination: 1, messageFormat, ignore: 'pid,hostname,process,context' }));
}
