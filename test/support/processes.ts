import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './settle.js';

const DIST = join(import.meta.dirname, '../../dist');
/** Output that is kept, more than any test makes a process write: some look for what must not be there. */
const KEPT_LINES = 5_000;
/** Output that is told when a process fails. */
const TOLD_LINES = 50;
const START_TIMEOUT_MS = 30_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A real process of ours, from the build. `npm test` builds before it runs tests. */
export class TestProcess {
  readonly lines: string[] = [];
  readonly errorLines: string[] = [];
  readonly exited: Promise<Exit>;
  private listensOn?: string;

  constructor(private readonly child: ChildProcess) {
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    createInterface(child.stdout!).on('line', (line) => this.keep(this.lines, line));
    createInterface(child.stderr!).on('line', (line) => this.keep(this.errorLines, line));
  }

  /** Address of the process, once it listens. */
  get url(): string {
    if (this.listensOn === undefined) throw new Error('the process does not listen yet');
    return this.listensOn;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits until the process says that it is ready. */
  async ready(): Promise<this> {
    const answers = async (): Promise<boolean> => {
      if (this.child.exitCode !== null) return true;
      return (await fetch(`${this.url}/health/ready`)).ok;
    };
    await until(answers, { what: `process ${this.pid} to be ready`, timeoutMs: START_TIMEOUT_MS }).catch(
      (error: unknown) => {
        throw new Error(`not ready: ${this.output()}`, { cause: error });
      },
    );
    if (this.child.exitCode !== null) throw new Error(`ended instead of starting: ${this.output()}`);
    return this;
  }

  /** It neither runs nor ends from now on. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Sends a signal and waits for the end. Harmless when it has ended already. */
  async stop(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal);
    return this.exited;
  }

  /** Waits until a line of the output has a text in it. */
  async said(text: string): Promise<void> {
    await until(() => this.lines.some((line) => line.includes(text)), { what: `a line with: ${text}` });
  }

  private output(): string {
    return [...this.lines.slice(-TOLD_LINES), ...this.errorLines.slice(-TOLD_LINES)].join('\n');
  }

  private keep(lines: string[], line: string): void {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    this.listensOn ??= /listening on (http:\/\/[^"\s]+)/.exec(line)?.[1];
  }
}

/**
 * Starts `dist/<name>.js`.
 *
 * @param env the whole environment; the address is read from the log, so LOG_LEVEL must be info
 * @param build directory of another build than that of `npm test`
 */
export async function startProcess(
  name: 'main' | 'worker' | 'load' | 'migrate',
  env: NodeJS.ProcessEnv,
  args: string[] = [],
  build = DIST,
): Promise<TestProcess> {
  const child = spawn(process.execPath, [join(build, `${name}.js`), ...args], {
    env: { ...env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const started = new TestProcess(child);
  await once(child, 'spawn');
  return started;
}
