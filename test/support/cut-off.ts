import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from './settle.js';

/** Cuts processes that a test starts off from a service, as a broken network would: nothing goes out, nothing comes in. */
export class CutOff {
  private readonly path = join(mkdtempSync(join(tmpdir(), 'sns-cut-off-')), 'port');

  constructor() {
    this.end();
  }

  /** What a process needs in its environment to be concerned. */
  get env(): Record<string, string> {
    const preload = pathToFileURL(join(import.meta.dirname, 'cut-network.mjs')).href;
    return { TEST_CUT_OFF_FILE: this.path, NODE_OPTIONS: `--import ${preload}` };
  }

  from(port: number): void {
    writeFileSync(this.path, String(port));
  }

  /** The same, but what is sent meanwhile arrives when it is over. @returns when the process, of which there is one, is cut off */
  async hold(port: number): Promise<void> {
    const state = `${port} held`;
    writeFileSync(this.path, state);
    await until(() => readFileSync(`${this.path}-now`, 'utf8') === state, { what: 'the process to be cut off' });
  }

  end(): void {
    writeFileSync(this.path, '');
  }

  close(): void {
    rmSync(dirname(this.path), { recursive: true });
  }
}
