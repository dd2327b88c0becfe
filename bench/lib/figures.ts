// Medians and spreads, and where they go.
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';

export interface Spread {
  median: number;
  lowest: number;
  highest: number;
  runs: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
  return { median: round(median), lowest: round(sorted[0]!), highest: round(sorted.at(-1)!), runs: sorted.length };
}

export const quantile = (sorted: readonly number[], share: number): number =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);

const round = (value: number): number => Number(value.toPrecision(4));

export const show = ({ median, lowest, highest }: Spread): string => `${median} (${lowest} to ${highest})`;

/** Writes `bench/results/<name>.json`. */
export function save(name: string, results: object): void {
  const directory = join(import.meta.dirname, '../results');
  mkdirSync(directory, { recursive: true });
  const machine = { cores: availableParallelism(), model: cpus()[0]?.model, arch: arch(), node: process.version };
  const content = { name, at: new Date().toISOString(), machine, ...results };
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
}
