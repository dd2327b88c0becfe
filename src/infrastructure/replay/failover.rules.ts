import type { MastersSeen } from '../redis/redis-masters.js';

/**
 * How long before a master was last seen alive its last writes may be missing. A replica that has been cut off from its
 * master for longer than 30 s does not take over by itself (node timeout of 2 s × validity factor of 10, and a ping
 * period of 10 s), and an append-only file is written every second; so this is twice the longest, for clocks, and for
 * settings that are somewhat larger.
 */
export const LOST_MS = 60_000;
/** How far the clock of the worker that finished a job may be ahead. */
export const CLOCKS_MS = 5_000;

/** Jobs that finished between two moments, whose writes to Redis may be lost. */
interface ReplayWindow {
  fromMs: number;
  untilMs: number;
}

/** What is known of the masters. */
export interface RedisWatch {
  /** The life of each by node id, as in {@link MastersSeen}. */
  lives: Record<string, string>;
  /** When all slots were last seen in the hands of these. */
  seenAtMs: number;
  /** What is to be replayed. */
  replay?: ReplayWindow | undefined;
}

/** Whether a master began a life that is not known, so that writes of the one before may be missing. */
export function hasFailedOver(known: RedisWatch, seen: MastersSeen): boolean {
  if (Object.keys(known.lives).length === 0) return false;
  return Object.entries(seen.lives).some(([node, life]) => known.lives[node] !== life);
}

/**
 * Pure: what is known after a look.
 *
 * @param atMs when the look began; what was learned later counts, so that a process that was frozen changes nothing
 */
export function afterLook(known: RedisWatch, seen: MastersSeen, atMs: number): RedisWatch {
  if (atMs < known.seenAtMs) return known;
  const replay = hasFailedOver(known, seen)
    ? {
        fromMs: Math.min(known.replay?.fromMs ?? known.seenAtMs, known.seenAtMs - LOST_MS),
        untilMs: atMs + CLOCKS_MS,
      }
    : known.replay;
  // While slots have no owner, those who owned them are not forgotten: they may come back with less than they had.
  return seen.complete
    ? { lives: seen.lives, seenAtMs: atMs, replay }
    : { lives: { ...known.lives, ...seen.lives }, seenAtMs: known.seenAtMs, replay };
}
