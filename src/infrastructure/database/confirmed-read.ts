import type { Id } from '../../common/id.js';

/**
 * Reads rows by id from a replica and asks the primary for those that the replica does not know: a miss on a lagging
 * replica proves nothing.
 */
export async function confirmedRows<T>(
  ids: readonly Id[],
  onReplica: (ids: readonly Id[]) => Promise<Map<Id, T>>,
  onPrimary: (ids: readonly Id[]) => Promise<Map<Id, T>>,
): Promise<Map<Id, T>> {
  if (ids.length === 0) return new Map();
  const found = await onReplica(ids);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length === 0) return found;
  return new Map([...found, ...(await onPrimary(missing))]);
}
