/** Something that a client does again and again. */
export interface Step {
  name: string;
  run: () => Promise<unknown>;
}

interface Span {
  name: string;
  begunMs: number;
  endedMs: number;
}

/** Clients that go through their steps round and round until they are stopped; one whose step fails stops by itself. */
export class Workload {
  readonly spans: Span[] = [];
  readonly failures: string[] = [];
  private readonly clients: Promise<void>[];
  private stopping = false;

  constructor(clients: readonly (readonly Step[])[]) {
    this.clients = clients.map((steps) => this.repeat(steps));
  }

  /**
   * How often steps of this name began and ended within a stretch of time, its edges aside: there it is not certain what
   * the server did first.
   */
  within(name: string, begunMs: number, endedMs: number): number {
    const edge = (endedMs - begunMs) / 8;
    return this.spans.filter(
      (span) => span.name === name && span.begunMs > begunMs + edge && span.endedMs < endedMs - edge,
    ).length;
  }

  /** How often every step was done at least. */
  get rounds(): number {
    const counts = new Map<string, number>();
    for (const { name } of this.spans) counts.set(name, (counts.get(name) ?? 0) + 1);
    return Math.min(...counts.values());
  }

  /** Lets every client finish its step. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients);
  }

  private async repeat(steps: readonly Step[]): Promise<void> {
    for (let turn = 0; !this.stopping; turn++) {
      const { name, run } = steps[turn % steps.length]!;
      const begunMs = performance.now();
      try {
        await run();
      } catch (error) {
        this.failures.push(`${name}: ${String(error)}`);
        return;
      }
      this.spans.push({ name, begunMs, endedMs: performance.now() });
    }
  }
}
