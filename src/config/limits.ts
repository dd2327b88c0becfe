/** A write transaction that has lasted longer is rolled back and not committed: others count on what is older being there. */
export const LONGEST_TRANSACTION_MS = 5_000;

/** The longest that a post may be committed after its creation, with room for clocks that differ by 5 s in either direction. */
export const LATE_COMMIT_MS = LONGEST_TRANSACTION_MS + 10_000;
