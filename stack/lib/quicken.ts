/** Below this a rate has no two samples, and an alert would come from a single one. */
const SHORTEST_S = 4;
const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** An hour becomes a minute. */
const FACTOR = 60;

/**
 * The same configuration of Prometheus or Alertmanager with every duration of the text a sixtieth as long: scrapes every
 * second, and alerts after seconds. Ranges stay long enough for a rate.
 */
export function quicken(text: string): string {
  return text
    .replace(/\[(\d+)([smhd])\]/g, (_, count: string, unit: string) => `[${short(count, unit, SHORTEST_S)}]`)
    .replace(
      /((?:for|interval|timeout|wait|repeat_interval|keep_firing_for|resolve_timeout): )(\d+)([smhd])\b/g,
      (_, key: string, count: string, unit: string) => `${key}${short(count, unit, 1)}`,
    );
}

const short = (count: string, unit: string, least: number): string =>
  `${Math.max(least, Math.round((Number(count) * SECONDS[unit]!) / FACTOR))}s`;
