import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The clock of a test and of the processes that it starts; it only ever goes forward. */
export class SharedClock {
  private readonly path = join(mkdtempSync(join(tmpdir(), 'sns-clock-')), 'offset');
  private readonly file = openSync(this.path, 'w');
  private offsetMs = 0;

  constructor() {
    this.write();
  }

  /** What a process needs in its environment to follow this clock. */
  get env(): Record<string, string> {
    const preload = pathToFileURL(join(import.meta.dirname, 'shifted-clock.mjs')).href;
    return { TEST_CLOCK_FILE: this.path, NODE_OPTIONS: `--import ${preload}` };
  }

  nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  advance(byMs: number): void {
    this.offsetMs += byMs;
    this.write();
  }

  close(): void {
    rmSync(dirname(this.path), { recursive: true });
  }

  private write(): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(this.offsetMs);
    writeSync(this.file, bytes, 0, 8, 0);
  }
}
