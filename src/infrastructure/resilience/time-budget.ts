/** What the waits of one request may take together, however many there are and whether or not they overlap. */
export class TimeBudget {
  private spentMs = 0;
  private waiting = 0;
  private sinceMs = 0;

  constructor(
    private readonly totalMs: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Milliseconds that are left; 0 when there is nothing left to wait for. */
  get leftMs(): number {
    const running = this.waiting > 0 ? this.nowMs() - this.sinceMs : 0;
    return Math.max(0, this.totalMs - this.spentMs - running);
  }

  /** Waits for work at the cost of the budget. */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting++ === 0) this.sinceMs = this.nowMs();
    try {
      return await work();
    } finally {
      if (--this.waiting === 0) this.spentMs += this.nowMs() - this.sinceMs;
    }
  }
}
