/** How a store method behaves when Redis does not answer. It always ends with `RedisUnavailableError`, which its caller handles. */
export interface ResiliencePolicy {
  /** Waits between tries, in milliseconds, each varied by {@link JITTER}; none: one try. */
  retryDelaysMs: readonly number[];
  /** No try begins that may end later than this after the first began, in milliseconds. */
  longestMs: number;
}

/** Somebody waits: one try within the request's budget, then the fallback. */
export const REQUEST_POLICY: ResiliencePolicy = { retryDelaysMs: [], longestMs: 0 };

/**
 * Nobody waits: immediate retries would worsen an outage. Longer than a failover takes, and shorter than the lease of an
 * outbox job (30 s), which is put off by the outbox when this gives up.
 */
export const BACKGROUND_POLICY: ResiliencePolicy = { retryDelaysMs: [2_000, 4_000, 8_000], longestMs: 28_000 };

/** Waits vary by this part, so that calls that failed together do not come back together. */
export const JITTER = 0.25;

/** Which policy holds for a call. */
export type PolicyChoice = ResiliencePolicy | ((args: readonly unknown[]) => ResiliencePolicy);

/** For methods that are told who waits, `'request'` or `'background'`, in the argument at this position. */
export const policyByArgument =
  (position: number): PolicyChoice =>
  (args) =>
    args[position] === 'background' ? BACKGROUND_POLICY : REQUEST_POLICY;
