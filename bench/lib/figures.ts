// Medians and spreads, and where they go.
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { options } from './options.ts';
import { resultsDirectory, type Chart, type Spread } from './results.ts';

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
  return { median: round(median), lowest: round(sorted[0]!), highest: round(sorted.at(-1)!), runs: sorted.length };
}

/** Of one series over another, round by round. */
export const ratioOf = (above: readonly number[], below: readonly number[]): Spread =>
  spreadOf(above.map((value, index) => value / below[index]!));

export const quantile = (sorted: readonly number[], share: number): number =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);

const round = (value: number): number => Number(value.toPrecision(4));

export const show = ({ median, lowest, highest }: Spread): string => `${median} (${lowest} to ${highest})`;

let versions: Record<string, string | undefined> = {};

/** What services the results are of. */
export function noteVersions(of: Record<string, string | undefined>): void {
  versions = of;
}

/** Writes `bench/results/<name>.json`, which the report shows. */
export function save(name: string, results: object, charts: readonly Chart[] = []): void {
  mkdirSync(resultsDirectory, { recursive: true });
  const machine = {
    cores: availableParallelism(),
    model: cpus()[0]?.model,
    gigabytes: Number((totalmem() / 2 ** 30).toFixed(1)),
    arch: arch(),
    linux: release(),
    node: process.version,
    ...versions,
    // Of the last minute, the benchmark's own included: far above the cores, and others were at work.
    load: loadavg()[0],
  };
  const content = { name, at: new Date().toISOString(), quick: options.quick, machine, charts, ...results };
  writeFileSync(join(resultsDirectory, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
}
