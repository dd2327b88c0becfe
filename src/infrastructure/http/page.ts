/** One page of a list, as clients get it. `nextCursor` is `null` at the end. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * Cuts a list that was read one item longer than the page, which tells whether more exist.
 *
 * @param rows at most `limit + 1` rows, in order
 * @param cursorOf makes the cursor that continues after a row
 */
export function toPage<T>(rows: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}
