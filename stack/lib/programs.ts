import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from './lock.mjs';
import { nativeDirectory } from './paths.ts';
import { runsProgramOf } from './proc.ts';
import { runTool } from './processes.ts';
import { step } from './progress.ts';
import { StackError } from './stack-error.ts';

const fetchScript = join(import.meta.dirname, '../native/fetch-programs.sh');
const FETCH_TIMEOUT_MS = 300_000;

export type Program =
  | 'mysqld'
  | 'mysql'
  | 'mysqldump'
  | 'mysqlbinlog'
  | 'redis-server'
  | 'redis-cli'
  | 'redis-benchmark'
  | 'radosgw'
  | 'radosgw-admin'
  | 'prometheus'
  | 'promtool'
  | 'prometheus-alertmanager'
  | 'prometheus-mysqld-exporter'
  | 'prometheus-redis-exporter'
  | 'prometheus-node-exporter';

/** Debian's name of a machine's libraries, and the program that loads them. */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, { libraries: string; loader: string }>> = {
  x64: { libraries: 'x86_64-linux-gnu', loader: 'usr/lib64/ld-linux-x86-64.so.2' },
  arm64: { libraries: 'aarch64-linux-gnu', loader: 'usr/lib/ld-linux-aarch64.so.1' },
};

/** The directory of the programs that this version of the script fetches: another version does not disturb them. */
export const programsDirectory = join(
  nativeDirectory,
  `programs-${createHash('sha256').update(readFileSync(fetchScript)).digest('hex').slice(0, 12)}`,
);
export const programsRoot = join(programsDirectory, 'root');

/** The command that runs a program with the libraries that were fetched with it, whatever the machine has. */
export function programCommand(program: Program): string[] {
  const { libraries, loader } = ARCHITECTURES[process.arch]!;
  const path = [`usr/lib/${libraries}`, `usr/lib/${libraries}/ceph`, `lib/${libraries}`]
    .map((directory) => join(programsRoot, directory))
    .join(':');
  const command = [join(programsRoot, loader), '--library-path', path];
  if (program !== 'mysqld') return [...command, join(programsRoot, 'usr/bin', program)];
  // With the C library's allocator a server that took a bulk load stayed 70 to 100 MB larger than with Redis's jemalloc.
  const allocator = join(programsRoot, `usr/lib/${libraries}/libjemalloc.so.2`);
  return [...command, '--preload', allocator, join(programsRoot, 'usr/sbin', program)];
}

/** Compose's own program, which checks a Compose file without an engine. */
export const composeProgram = join(programsRoot, 'usr/libexec/docker/cli-plugins/docker-compose');

export const programsAreComplete = (): boolean => existsSync(join(programsDirectory, '.complete'));

/** Fetches the programs when they are missing. */
export async function ensurePrograms(): Promise<void> {
  if (programsAreComplete()) return;
  if (process.platform !== 'linux' || ARCHITECTURES[process.arch] === undefined) {
    throw new StackError(`The services cannot run natively on ${process.platform} ${process.arch}`, {
      advice: 'Start a Docker engine and use STACK=docker.',
    });
  }
  mkdirSync(nativeDirectory, { recursive: true });
  const lock = await acquireLock(nativeDirectory, {
    purpose: 'fetching the programs',
    onHolder: ({ pid }) => console.log(`Waiting for process ${pid}, which fetches the programs …`),
  });
  try {
    if (programsAreComplete()) return;
    await step('Programs from the distribution', fetch);
  } finally {
    lock.release();
  }
}

/** Deletes the programs of other versions of the script, unless a process still runs them. */
export function removeUnusedPrograms(): void {
  for (const name of readdirSync(nativeDirectory)) {
    const directory = join(nativeDirectory, name);
    if (!/^programs-\w+$/.test(name) || directory === programsDirectory || runsProgramOf(directory)) continue;
    rmSync(directory, { recursive: true });
  }
}

async function fetch(): Promise<void> {
  for (const name of readdirSync(nativeDirectory)) {
    // An interrupted fetch's; its last downloads may still be coming to their end.
    if (name.includes('.fetching')) rmSync(join(nativeDirectory, name), { recursive: true, maxRetries: 5 });
  }
  try {
    await runTool([fetchScript, programsDirectory], { timeoutMs: FETCH_TIMEOUT_MS });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new StackError(`The service programs could not be fetched: ${stderr.trim() || message}`, {
      advice:
        'Native services need Debian or Ubuntu and its package archive; elsewhere start Docker and use STACK=docker.',
      cause: error,
    });
  }
}
