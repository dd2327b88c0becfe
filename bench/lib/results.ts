// What results are made of, and where they lie.
import { join } from 'node:path';

export interface Spread {
  median: number;
  lowest: number;
  highest: number;
  runs: number;
}

/** What the report draws: bars side by side, each with its spread. */
export interface Chart {
  title: string;
  unit: string;
  bars: { label: string; value: Spread | number }[];
  /** Drawn as a line. */
  target?: number;
  /** For values that differ by orders of magnitude. */
  logarithmic?: boolean;
}

export const resultsDirectory = join(import.meta.dirname, '../results');
