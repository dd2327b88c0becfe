// What each process of a run has used: the API, the workers, the load, and every service that runs natively.
import { readlinkSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { processesWorkingIn, residentBytes } from '../../stack/lib/proc.ts';
import { INSTANCE_VARIABLE } from '../../stack/lib/sweep.ts';
import { processorSeconds } from './application.ts';

export interface Usage {
  /** Of processor time, so far. */
  seconds: number;
  bytes: number;
}

/**
 * By name; a service is named as its directory, `mysql-primary`, `redis-1`. In containers services are not seen.
 *
 * @param own names of processes that the benchmark has started
 */
export function usageByName(own: ReadonlyMap<number, string>): Map<string, Usage> {
  const directory = process.env[INSTANCE_VARIABLE]!;
  const used = new Map<string, Usage>();
  const add = (pid: number, name: string): void => {
    const sum = used.get(name) ?? { seconds: 0, bytes: 0 };
    used.set(name, { seconds: sum.seconds + processorSeconds(pid), bytes: sum.bytes + residentBytes(pid) });
  };
  for (const [pid, name] of own) add(pid, name);
  for (const pid of processesWorkingIn(directory)) {
    add(pid, relative(directory, readlinkSync(`/proc/${pid}/cwd`)).split(sep)[0]!);
  }
  return used;
}

export interface Share {
  cores: number;
  megabytes: number;
}

/** Cores that each process has used since `before`, and the memory that it has now. */
export function sharesSince(
  before: ReadonlyMap<string, Usage>,
  now: ReadonlyMap<string, Usage>,
  seconds: number,
): Record<string, Share> {
  return Object.fromEntries(
    [...now].map(([name, used]) => {
      const cores = (used.seconds - (before.get(name)?.seconds ?? 0)) / seconds;
      return [name, { cores: Number(cores.toFixed(3)), megabytes: Math.round(used.bytes / 1e6) }];
    }),
  );
}
