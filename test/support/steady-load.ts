/** One request of a load; resolves with the status of the answer. */
export type Request = () => Promise<number>;

export interface LoadFigures {
  requests: number;
  /** How many requests had no answer, or one of 500 and above, by what it was. */
  errors: Record<string, number>;
  /** Of the answers, in milliseconds. */
  p99Ms: number;
}

const TICK_MS = 20;
/** Requests under way at once; beyond it the service has stopped answering, and more would only hurt the machine. */
const MOST_UNDER_WAY = 1_000;

/** Sends so many requests a second, whether or not the ones before have been answered, as clients of their own would. */
export class SteadyLoad {
  private readonly errors: Record<string, number> = {};
  private readonly latenciesMs: number[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private sent = 0;

  /** @param next makes the next request */
  constructor(perSecond: number, next: () => Request) {
    const begunMs = performance.now();
    this.timer = setInterval(() => {
      const due = Math.floor(((performance.now() - begunMs) / 1_000) * perSecond);
      while (this.sent < due) this.send(next());
    }, TICK_MS);
  }

  get requests(): number {
    return this.sent;
  }

  /** Waits for the answers that are under way. */
  async stop(): Promise<LoadFigures> {
    clearInterval(this.timer);
    await Promise.all(this.underWay);
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    return { requests: this.sent, errors: this.errors, p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Infinity };
  }

  private failed(what: string): void {
    this.errors[what] = (this.errors[what] ?? 0) + 1;
  }

  private send(request: Request): void {
    this.sent++;
    if (this.underWay.size >= MOST_UNDER_WAY) {
      this.failed('too many requests have no answer');
      return;
    }
    const begunMs = performance.now();
    const done = request()
      .then(
        (status) => {
          this.latenciesMs.push(performance.now() - begunMs);
          if (status >= 500) this.failed(String(status));
        },
        (error: unknown) => this.failed(String(error)),
      )
      .finally(() => this.underWay.delete(done));
    this.underWay.add(done);
  }
}
