/**
 * Where a job waits. Each lane has its own places in a worker, so that none waits for another:
 * `live` what a user has just done, `retry` what failed there, `long` what took longer than its turn, `bulk` clearing away
 * and imports, `parked` what is tried no more until an operator says so.
 */
export const LANES = ['live', 'retry', 'long', 'bulk', 'parked'] as const;
export type Lane = (typeof LANES)[number];

/** Lanes that a service may store a job in; the others are for what becomes of jobs. */
export type FirstLane = 'live' | 'bulk';

/** A part of a worker's places. */
export interface Line {
  lane: Lane;
  /** Jobs of one worker at a time. */
  places: number;
  /** Takes only what became due within this time. */
  freshMs?: number;
}

/**
 * How one worker divides itself. All take the job that has been due for longest.
 *
 * Enough to hide the waits on MySQL and Redis, few enough to keep the event loop free; `npm run bench -- backlog` measures
 * it. Four places of the live lane are kept for what is new, so that a backlog of hours does not stand before a post of
 * this second; its other ten work the backlog off in the order of its age.
 */
export const LINES: readonly Line[] = [
  { lane: 'live', places: 10 },
  { lane: 'live', places: 4, freshMs: 2_000 },
  { lane: 'retry', places: 4 },
  { lane: 'long', places: 2 },
  { lane: 'bulk', places: 2 },
];

/**
 * How long a job keeps its place while others may wait for one. Then, when it saves its progress, it goes behind the others:
 * of the lane `long` if it was in a lane for short jobs, else of its own.
 */
export const TURN_MS = 1_000;

/** Where a job goes that has had its turn. */
export const afterTurn = (lane: Lane): Lane => (lane === 'bulk' ? 'bulk' : 'long');

/** Where a job goes that failed: out of the way of those that may not. */
export const afterFailure = (lane: Lane): Lane => (lane === 'live' ? 'retry' : lane);
