import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';

/** A timer that is longer goes off at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Runs some work again and again, never twice at once, for intervals that are settings (`@Interval()` is for constants). */
export class Repeated {
  private readonly logger = new Logger(Repeated.name);
  private readonly stopping = new AbortController();
  private loop?: Promise<void>;
  private failing = false;

  /**
   * @param name for the log
   * @param intervalMs from one begin to the next, or to the end if that is later
   */
  constructor(
    private readonly name: string,
    private readonly intervalMs: number,
    private readonly work: () => Promise<void>,
  ) {}

  start(): void {
    this.loop ??= this.run();
  }

  /** Lets the turn that runs end, and begins no other. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const begunMs = performance.now();
      await this.turn();
      const restMs = Math.min(LONGEST_MS, Math.max(0, this.intervalMs - (performance.now() - begunMs)));
      await delay(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The first failure of a row is logged, and its end: a database that is away for an hour is one event. */
  private async turn(): Promise<void> {
    try {
      await this.work();
      if (this.failing) this.logger.log(`${this.name} works again`);
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.logger.error(error, `${this.name} failed; trying again`);
      this.failing = true;
    }
  }
}
