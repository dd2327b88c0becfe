/** Candidates that one round asks for at most. */
const LARGEST_ROUND = 1_000;

interface PageSource<Key, Item> {
  /** Items wanted; ask for one more than the page to learn whether more exist. */
  wanted: number;
  /** Keys after the given one, in the order of the list; fewer than `count` mean that the list has ended. */
  keysAfter(key: Key | undefined, count: number): Promise<Key[]>;
  /** Items for keys, in the same order; keys that must not be shown are left out. */
  hydrate(keys: Key[]): Promise<Item[]>;
}

/**
 * Reads a page whose candidates may drop out when they are hydrated (deleted, hidden), so that it is full while more
 * exist. Rounds double in size, so a long run of dropped candidates costs few rounds.
 *
 * @param start key that the page begins after
 */
export async function fillPage<Key, Item>(source: PageSource<Key, Item>, start?: Key): Promise<Item[]> {
  const items: Item[] = [];
  let after = start;
  for (let size = source.wanted; items.length < source.wanted; size = Math.min(size * 2, LARGEST_ROUND)) {
    const keys = await source.keysAfter(after, size);
    if (keys.length > 0) items.push(...(await source.hydrate(keys)));
    if (keys.length < size) break;
    after = keys.at(-1);
  }
  return items.slice(0, source.wanted);
}

/** Values of a map in the order of the keys, without the missing ones. */
export const inOrder = <K, V>(keys: readonly K[], values: ReadonlyMap<K, V>): V[] =>
  keys.flatMap((key) => values.get(key) ?? []);
