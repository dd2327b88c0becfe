// Makes bench/results/report.html of all results: one page that needs nothing else, with a plot for each chart.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultsDirectory, type Chart, type Spread } from './results.ts';

/** What every benchmark writes. */
interface Results {
  name: string;
  at: string;
  /** Only to see that it works. */
  quick?: boolean;
  machine: { cores: number; model?: string; node: string; mysql?: string; redis?: string; load?: number };
  charts?: Chart[];
}

const LABELS = 300;
const PLOT = 390;
const VALUES = 190;
const ROW = 26;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

const asSpread = (value: Spread | number): Spread =>
  typeof value === 'number' ? { median: value, lowest: value, highest: value, runs: 1 } : value;

const short = (value: number): string =>
  Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

/** Horizontal bars of the medians, with a whisker from the lowest to the highest and a line for the target. */
function plot({ title, unit, bars, target, logarithmic = false }: Chart): string {
  const values = bars.map(({ value }) => asSpread(value));
  const positive = values.flatMap(({ lowest, highest }) => [lowest, highest]).filter((value) => value > 0);
  const largest = Math.max(...positive, target ?? 0);
  const least = logarithmic ? Math.min(...positive, target ?? Infinity) / 2 : 0;
  const place = (value: number): number => {
    if (!logarithmic) return (value / (largest * 1.02)) * PLOT;
    return value <= least ? 0 : (Math.log(value / least) / Math.log((largest * 1.02) / least)) * PLOT;
  };
  const rows = bars.map(({ label }, index) => {
    const { median, lowest, highest, runs } = values[index]!;
    const top = 8 + index * ROW;
    const middle = top + 8;
    const range = runs > 1 ? ` (${short(lowest)} to ${short(highest)})` : '';
    const whisker = `M${LABELS + place(lowest)} ${middle}H${LABELS + place(highest)}`;
    return `<text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>
      <rect x="${LABELS}" y="${top}" width="${Math.max(1, place(median))}" height="16" rx="2"/>
      <path class="spread" d="${whisker}"/>
      <text class="value" x="${LABELS + PLOT + 8}" y="${middle + 4}">${short(median)}${range}</text>`;
  });
  const height = 16 + bars.length * ROW;
  const line = target === undefined ? '' : `<path class="target" d="M${LABELS + place(target)} 0V${height}"/>`;
  const aim = target === undefined ? '' : `, target ${short(target)}`;
  const scale = logarithmic ? ', logarithmic' : '';
  return `<figure><figcaption>${escaped(title)} <span>${escaped(unit)}${aim}${scale}</span></figcaption>
    <svg viewBox="0 0 ${LABELS + PLOT + VALUES} ${height}" role="img" aria-label="${escaped(title)}">${rows.join('')}${line}</svg></figure>`;
}

function section({ name, at, quick, machine, charts = [], ...figures }: Results): string {
  const where = [
    `${at.slice(0, 16).replace('T', ' ')} UTC`,
    `${machine.cores} cores${machine.model ? ` of ${machine.model}` : ''}`,
    `Node ${machine.node}`,
    ...(machine.mysql ? [`MySQL ${machine.mysql}`] : []),
    ...(machine.redis ? [`Redis ${machine.redis}`] : []),
    ...(machine.load === undefined ? [] : [`load ${machine.load.toFixed(1)}`]),
  ].join(', ');
  const warning = quick ? '<p class="quick">A run with --quick: its figures mean nothing.</p>' : '';
  return `<section id="${escaped(name)}"><h2>${escaped(name)}</h2><p>${escaped(where)}</p>${warning}${charts.map(plot).join('')}
    <details><summary>All figures</summary><pre>${escaped(JSON.stringify({ machine, ...figures }, null, 2))}</pre></details></section>`;
}

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
  h1 { font-size: 1.5rem } h2 { border-top: 1px solid #d5dce3; padding-top: 1rem; margin-bottom: 0 }
  p, figcaption span { color: #5b6b7a } figure { margin: 1.2rem 0 } figcaption { font-weight: 600 }
  figcaption span { font-weight: 400 } svg { width: 100% } text { font-size: 12px; fill: #1c2733 }
  rect { fill: #4c8dbf } .spread { stroke: #12324d; stroke-width: 2 } .target { stroke: #c0392b; stroke-dasharray: 4 3 } .quick { color: #c0392b }
  pre { background: #f4f6f8; padding: 1rem; overflow: auto; font-size: 12px } nav a { margin-right: 1rem }`;

/** @returns the path of the report */
export function writeReport(): string {
  const results = readdirSync(resultsDirectory)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(resultsDirectory, file), 'utf8')) as Results);
  const links = results.map(({ name }) => `<a href="#${escaped(name)}">${escaped(name)}</a>`).join('');
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Benchmarks of SNS</title><style>${STYLE}</style>
<h1>Benchmarks of SNS</h1>
<p>Bars are medians; lines across them reach from the lowest round to the highest; the dashed line is the target.</p>
<nav>${links}</nav>${results.map(section).join('\n')}</html>
`;
  const path = join(resultsDirectory, 'report.html');
  writeFileSync(path, page);
  return path;
}
