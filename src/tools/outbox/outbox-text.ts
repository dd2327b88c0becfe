/** Text that other programs wrote, without what a terminal would take for commands. */
export const plain = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** Rows with columns of equal width. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A duration for people, in its largest unit: `3 s`, `2 h`. */
export function formatDuration(milliseconds: number): string {
  const [unit, size] = UNITS.find(([, length]) => milliseconds >= length) ?? UNITS[3];
  return `${Math.floor(milliseconds / size)} ${unit}`;
}
