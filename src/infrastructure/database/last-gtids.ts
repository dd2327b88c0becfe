/**
 * Pure: the last transaction of each origin. Who has executed that has executed those before it, because replicas commit
 * in the order of their primary.
 *
 * @param gtids of single transactions, `uuid:number` or `uuid:tag:number`, each with commas between them
 */
export function lastGtids(...gtids: readonly string[]): string {
  const numbers = new Map<string, number>();
  for (const gtid of gtids.join(',').split(',')) {
    const colon = gtid.lastIndexOf(':');
    const origin = gtid.slice(0, colon);
    numbers.set(origin, Math.max(numbers.get(origin) ?? 0, Number(gtid.slice(colon + 1))));
  }
  return [...numbers].map(([origin, number]) => `${origin}:${number}`).join(',');
}
