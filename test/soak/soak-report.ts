import type { Attempt } from '../oracle/deployment.js';

interface Figures {
  /** How often it happened. */
  times: number;
  seconds: number;
  requests: number;
  /** Answers of 500 and above. */
  refused: number;
  /** Requests without an answer. */
  lost: number;
  slowestMs: number;
}

const NONE = 'nothing';

/** Counts what became of every request, tries that are repeated included, by what was the matter at its end. */
export class SoakReport {
  private readonly figures = new Map<string, Figures>();
  private current = NONE;
  private sinceMs = performance.now();

  constructor() {
    this.begin(NONE);
  }

  begin(what: string): void {
    const nowMs = performance.now();
    const before = this.figures.get(this.current);
    if (before) before.seconds += (nowMs - this.sinceMs) / 1_000;
    this.sinceMs = nowMs;
    this.current = what;
    const figures = this.figures.get(what) ?? { times: 0, seconds: 0, requests: 0, refused: 0, lost: 0, slowestMs: 0 };
    figures.times++;
    this.figures.set(what, figures);
  }

  end(): void {
    this.begin(NONE);
  }

  attempt = ({ status, tookMs }: Attempt): void => {
    const figures = this.figures.get(this.current)!;
    figures.requests++;
    if (status === undefined) figures.lost++;
    else if (status >= 500) figures.refused++;
    figures.slowestMs = Math.max(figures.slowestMs, Math.round(tookMs));
  };

  get requests(): number {
    return [...this.figures.values()].reduce((sum, { requests }) => sum + requests, 0);
  }

  /** How often each fault happened. */
  get faults(): string[] {
    return [...this.figures.keys()].filter((what) => what !== NONE);
  }

  text(): string {
    const rows = [...this.figures].map(([what, { times, seconds, requests, refused, lost, slowestMs }]) => [
      what,
      String(times),
      seconds.toFixed(1),
      String(requests),
      String(refused),
      String(lost),
      requests === 0 ? '-' : `${(((refused + lost) / requests) * 100).toFixed(2)} %`,
      String(slowestMs),
    ]);
    const head = ['while', 'times', 'seconds', 'requests', '5xx', 'lost', 'errors', 'slowest ms'];
    const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
    const line = (cells: string[]) =>
      cells
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ');
    return [head, ...rows].map(line).join('\n');
  }
}
