const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof MS_PER_UNIT;

/**
 * Reads a duration as operators write it: `500ms`, `30s`, `15m`, `24h`, `7d`.
 *
 * @returns milliseconds, or `undefined` when the text is not a positive whole number followed by a unit
 */
export function parseDurationMs(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * MS_PER_UNIT[match[2] as Unit];
}
