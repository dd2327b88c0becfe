import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

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

  end(): void {
    writeFileSync(this.path, '');
  }

  close(): void {
    rmSync(dirname(this.path), { recursive: true });
  }
}
