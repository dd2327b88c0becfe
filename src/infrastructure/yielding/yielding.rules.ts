/** Share of the time that background work takes as soon as there are requests, until it is known what they bear. */
export const FIRST_SHARE = 0.2;
/** Never less, so that posts arrive however slow requests are for other reasons. */
export const LEAST_SHARE = 0.1;
const DECREASE = 0.7;
const INCREASE = 0.01;

/** What background work has to go by. */
export interface Situation {
  /** What requests wait for Redis on the slowest instance, in ms; `undefined` when there are none. */
  slowestMs: number | undefined;
  /** What they may wait. */
  targetMs: number;
  /** Whether background work has used its share since the last look. */
  used: boolean;
}

/**
 * The share of the time that background work may take of Redis: the whole (`undefined`) while nobody asks for anything, else
 * by additive increase and multiplicative decrease (Chiu and Jain, 1989). A share that is not used does not grow, because
 * nothing is learnt by it (as RFC 2861 has it for congestion windows).
 *
 * @param share the one until now
 */
export function nextShare(share: number | undefined, { slowestMs, targetMs, used }: Situation): number | undefined {
  if (slowestMs === undefined) return undefined;
  if (share === undefined) return FIRST_SHARE;
  if (!used) return share;
  return slowestMs > targetMs ? Math.max(LEAST_SHARE, share * DECREASE) : Math.min(1, share + INCREASE);
}
