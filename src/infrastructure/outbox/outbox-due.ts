import type { Clock } from '../../common/clock.js';

/** How far the clocks of two instances may differ: each by 5 s, in either direction. */
const CLOCKS_MS = 10_000;

/** When a job was due that is to be done at once: so long ago that it is due by the clock of every worker. */
export const dueAtOnce = (clock: Clock): Date => new Date(clock.nowMs() - CLOCKS_MS);

/** Since when a job must have been due to have come within the last `withinMs`, as {@link dueAtOnce} notes it. */
export const dueWithin = (nowMs: number, withinMs: number): Date => new Date(nowMs - withinMs - CLOCKS_MS);
