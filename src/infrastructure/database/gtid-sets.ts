/**
 * Pure: GTIDs as MySQL writes them, `uuid:interval[:interval…][:tag:interval…]`, with commas between servers. Replicas commit in
 * the order of their primary (`replica_preserve_commit_order`), so of each origin the last number tells everything.
 */

/** The last transaction of each origin, which is a server and, for tagged transactions, their tag: `uuid` or `uuid:tag`. */
export type LastNumbers = ReadonlyMap<string, number>;

/** @param gtids sets or single transactions, each with commas between them */
export function lastNumbers(...gtids: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const server of gtids.join(',').split(',')) {
    const [uuid, ...parts] = server.trim().split(':');
    let origin = uuid!;
    for (const part of parts) {
      if (!/^\d/.test(part)) origin = `${uuid}:${part}`;
      else numbers.set(origin, Math.max(numbers.get(origin) ?? 0, Number(part.split('-').at(-1))));
    }
  }
  return numbers;
}

/** The last transaction of each origin, as MySQL writes it: `uuid:number` or `uuid:tag:number`. */
export function lastGtids(...gtids: readonly string[]): string {
  return [...lastNumbers(...gtids)].map(([origin, number]) => `${origin}:${number}`).join(',');
}

/** Whether who has executed `executed` has executed `wanted`. */
export function covers(executed: LastNumbers, wanted: LastNumbers): boolean {
  return [...wanted].every(([origin, number]) => (executed.get(origin) ?? 0) >= number);
}
