/** How far the clocks of two instances may differ; what a feed says of its readings is known to the second besides. */
export const CLOCKS_MS = 5_000 + 1_000;

/**
 * Where posts go that may have been in a feed before, be viewed there and be gone since: only into feeds that were last
 * read before they could have come in. Epoch seconds.
 *
 * @param cameInMs when the posts came into feeds at the earliest
 */
export const unreadSince = (cameInMs: number): number => Math.floor((cameInMs - CLOCKS_MS) / 1_000);
