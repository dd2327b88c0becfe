import Opossum from 'opossum';

/** Opens when at least half of the calls of a minute fail, but not for the first few. */
const WINDOW_MS = 60_000;
/** The library opens above its threshold, not at it. */
const FAILURES_ABOVE_PERCENT = 49.99;
const LEAST_CALLS = 20;
/** A minute in which all went well must not hide that nothing does any more. */
const FAILURES_IN_A_ROW = 10;
/** How soon an open breaker looks whether all is well again. */
const LOOK_AGAIN_MS = 1_000;

export type BreakerState = 'closed' | 'half-open' | 'open';

/** What a breaker tells and needs to know. */
export interface BreakerEvents {
  /** Called once a transition, not once a call. */
  changed: (state: BreakerState) => void;
  /** Called while half open: resolves when all is well again. No caller is sent ahead to find out. */
  probe: () => Promise<unknown>;
}

type Work = () => Promise<unknown>;

/** Keeps calls away from what does not answer, and closes by itself when it answers again, with or without calls. */
export class CircuitBreaker {
  private readonly breaker: Opossum<[Work], unknown>;
  private failuresInARow = 0;

  constructor(events: BreakerEvents) {
    this.breaker = new Opossum((work: Work) => work(), {
      timeout: false, // each work knows how long it may take
      errorThresholdPercentage: FAILURES_ABOVE_PERCENT,
      rollingCountTimeout: WINDOW_MS,
      rollingCountBuckets: 12,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      volumeThreshold: LEAST_CALLS,
      resetTimeout: LOOK_AGAIN_MS,
    });
    this.breaker.on('success', () => (this.failuresInARow = 0));
    this.breaker.on('failure', () => {
      if (++this.failuresInARow >= FAILURES_IN_A_ROW) this.breaker.open();
    });
    this.breaker.on('open', () => events.changed('open'));
    this.breaker.on('close', () => events.changed('closed'));
    this.breaker.on('halfOpen', () => {
      events.changed('half-open');
      this.run(events.probe).catch(() => undefined); // it is open again then
    });
  }

  get state(): BreakerState {
    if (this.breaker.closed) return 'closed';
    return this.breaker.halfOpen ? 'half-open' : 'open';
  }

  /**
   * Does work and counts how it ended; only while {@link state} is `closed`.
   *
   * @throws what the work throws, which counts as a failure
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.breaker.fire(work) as Promise<T>;
  }

  /** Ends its timers. */
  shutdown(): void {
    this.breaker.shutdown();
  }
}
