import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** A failure that the person at the terminal can act on: what failed, where its log is, what to do. */
export class StackError extends Error {
  readonly logFile?: string;
  readonly advice?: string;

  constructor(message: string, details: { logFile?: string; advice?: string; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.name = 'StackError';
    this.logFile = details.logFile;
    this.advice = details.advice;
  }
}

/** The text of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const TAIL_BYTES = 4096;

/** The last lines of a log file, of at most its last 4 KiB; empty when there is none. */
function lastLines(file: string, count: number): string[] {
  if (!existsSync(file)) return [];
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-count);
  } finally {
    closeSync(descriptor);
  }
}

/** The report of a failure: one line, then the log with its last lines, then what to do. */
export function report(error: unknown): string {
  if (!(error instanceof StackError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [error.message];
  if (error.logFile !== undefined) {
    lines.push(`  log: ${error.logFile}`, ...lastLines(error.logFile, 6).map((line) => `    ${line}`));
  }
  if (error.advice !== undefined) lines.push(`  ${error.advice}`);
  return lines.join('\n');
}
