import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { nativeDirectory } from './paths.ts';

/**
 * Which processes are ours is read from the kernel each time, never from a pid file, so that a stale file, a reused
 * pid or a start that was interrupted cannot mislead us. A process is a service's when it works in the service's
 * directory and runs a program of this checkout.
 */

const ourNode = realpathSync(process.execPath);

/** A file of /proc, or undefined when the process has ended or is somebody else's. */
function readProc<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL'].includes(code)) return undefined;
    throw error;
  }
}

/** The kernel marks what was deleted under a running process. */
export const withoutDeletedMark = (path: string): string => path.replace(/ \(deleted\)$/, '');

/** Whether `path` is `directory` or lies in it. */
export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

const link = (pid: number, name: 'cwd' | 'exe'): string | undefined =>
  readProc(() => readlinkSync(`/proc/${pid}/${name}`));

const allPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** A process that has ended but was not waited for has no memory and no files any more. */
export function isRunning(pid: number): boolean {
  const stat = readProc(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat !== undefined && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** The processes of this checkout that work in `directory` or below; setpriv is about to become one (see launch). */
export function processesWorkingIn(directory: string): number[] {
  return allPids().filter((pid) => {
    const cwd = link(pid, 'cwd');
    if (cwd === undefined || pid === process.pid || !isWithin(withoutDeletedMark(cwd), directory)) return false;
    const exe = withoutDeletedMark(link(pid, 'exe') ?? '');
    return (exe === ourNode || exe.endsWith('/setpriv') || isWithin(exe, nativeDirectory)) && isRunning(pid);
  });
}

/** Whether any process runs a program that lies in `directory`. */
export const runsProgramOf = (directory: string): boolean =>
  allPids().some((pid) => isWithin(link(pid, 'exe') ?? '', directory));

/** Whether the directory that the process works in was deleted: it serves data that no longer exists. */
export const worksInDeleted = (pid: number): boolean => link(pid, 'cwd')?.endsWith(' (deleted)') ?? false;

/** The processes that were given `name=value` in their environment. */
export function processesWithEnvironment(name: string, value: string): number[] {
  const entry = `${name}=${value}`;
  return allPids().filter((pid) => {
    if (pid === process.pid) return false;
    const environment = readProc(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
    return environment?.split('\0').includes(entry) === true && isRunning(pid);
  });
}

/** Resident memory in bytes; 0 when the process has ended. */
export function residentBytes(pid: number): number {
  const status = readProc(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status ?? '')?.[1] ?? 0) * 1024;
}

/** The command line, for messages. */
export const commandLine = (pid: number): string =>
  (readProc(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').split('\0').join(' ').trim();

/** Who listens on a TCP port: undefined when nobody we may look at does. */
export function listenerOn(port: number): number | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const LISTEN = '0A';
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => (readProc(() => readFileSync(file, 'utf8')) ?? '').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === LISTEN)
    .map((fields) => `socket:[${fields[9]}]`);
  if (inodes.length === 0) return undefined;
  return allPids().find((pid) =>
    (readProc(() => readdirSync(`/proc/${pid}/fd`)) ?? []).some((descriptor) => {
      const target = readProc(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      return target !== undefined && inodes.includes(target);
    }),
  );
}
