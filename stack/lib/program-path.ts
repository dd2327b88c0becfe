import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverDirectories } from './mysql-template.ts';
import { programCommand, type Program } from './programs.ts';

/** What an operator has at hand, and a server of MySQL to restore a backup into. */
const PROGRAMS: readonly Program[] = ['mysql', 'mysqldump', 'mysqlbinlog', 'mysqld', 'redis-cli'];

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/**
 * Makes a directory for `PATH` with the fetched programs under their own names, so that a test can run commands as the
 * documents have them.
 *
 * @param directory of an instance
 * @returns the path of the new directory
 */
export function writeProgramPath(directory: string): string {
  const path = join(directory, 'bin');
  mkdirSync(path, { recursive: true });
  for (const program of PROGRAMS) {
    const command = programCommand(program).map(quoted).join(' ');
    // Last, because a server wants the file of its settings first.
    const last = program === 'mysqld' ? serverDirectories().map(quoted).join(' ') : '';
    writeFileSync(join(path, program), `#!/bin/sh\nexec ${command} "$@" ${last}\n`, { mode: 0o755 });
  }
  return path;
}
