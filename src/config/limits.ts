/**
 * The longest that a post may be committed after its creation (5 s, enforced), with room for clocks that differ by 5 s
 * in either direction.
 */
export const LATE_COMMIT_MS = 15_000;
