import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeCommand, spawnChild } from './child.ts';
import { isTerminal, showLog } from './terminal-log.ts';

/** A process that fails at once is started again more and more slowly, so that it burns neither CPU nor the log. */
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** Having run this long, a crash is a new one and not the next of a series. */
const HEALTHY_MS = 60_000;
/** The application drains within this; what does not is killed and said so. */
const DRAIN_MS = 30_000;

/** How long to wait before the next start, after a process that ran for `ranMs` and a last wait of `lastMs`. */
export const nextBackoff = (lastMs: number, ranMs: number): number =>
  lastMs === 0 || ranMs >= HEALTHY_MS ? FIRST_BACKOFF_MS : Math.min(lastMs * 2, MAX_BACKOFF_MS);

/** Keeps one process of the application running until it is stopped. */
export class Supervisor {
  readonly #name: string;
  readonly #script: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(name: string, script: string, env: NodeJS.ProcessEnv) {
    this.#name = name;
    this.#script = script;
    this.#env = env;
  }

  start(): void {
    this.#ended = this.#keepRunning();
  }

  /** SIGTERM, so that it drains; waits for its end, and kills it when it does not come. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => {
      console.error(`Killing the ${this.#name}: it has not drained within ${DRAIN_MS / 1000} s`);
      this.#child?.kill('SIGKILL');
    }, DRAIN_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  async #keepRunning(): Promise<void> {
    let backoffMs = 0;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const how = await this.#runOnce();
      if (this.#stopping.signal.aborted) return;
      backoffMs = nextBackoff(backoffMs, performance.now() - startedAt);
      console.error(`The ${this.#name} ended (${how}); it is started again in ${backoffMs / 1000} s`);
      await delay(backoffMs, undefined, { signal: this.#stopping.signal }).catch(() => {}); // stopped while waiting
    }
  }

  /** Runs it to its end and answers how it ended. */
  #runOnce(): Promise<string> {
    return new Promise((resolve) => {
      const output = isTerminal ? 'pipe' : 'inherit';
      const child = spawnChild(nodeCommand('--enable-source-maps', this.#script), this.#env, [
        'ignore',
        output,
        'inherit',
      ]);
      this.#child = child;
      if (child.stdout !== null) showLog(child.stdout, this.#name);
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }
}
