/**
 * The one source of time. `created_at`, expiry and leases all come from here, never from `NOW()` of a database or
 * `Date.now()` in business code, so that a test can move time and so that one request sees one machine's clock.
 */
export abstract class Clock {
  /** Milliseconds since the Unix epoch. */
  abstract nowMs(): number;

  /** Whole seconds since the Unix epoch, the unit of a feed entry's `expiresAt`. */
  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1_000);
  }

  now(): Date {
    return new Date(this.nowMs());
  }
}

export class SystemClock extends Clock {
  nowMs(): number {
    return Date.now();
  }
}
