import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Vindex {
  type: string;
  params?: Record<string, string>;
  owner?: string;
}

export interface ShardedTable {
  /** The first one says where a row is; the others find it by another column. */
  column_vindexes: { column: string; name: string }[];
  auto_increment?: { column: string; sequence: string };
  columns?: { name: string; type: string }[];
  column_list_authoritative?: boolean;
}

export interface VSchema {
  sns: { sharded: true; vindexes: Record<string, Vindex>; tables: Record<string, ShardedTable> };
  sns_global: { sharded: false; tables: Record<string, { type?: 'sequence' }> };
}

/** How Vitess would spread the tables; docs/decisions/0011-sharding-on-vitess.md says why. */
export const readVSchema = (): VSchema =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../mysql/vitess/vschema.json'), 'utf8')) as VSchema;

/** Which shards a statement goes to. `refused`: Vitess does not plan it; it works on a shard that the client names. */
export type Route = 'one' | 'listed' | 'all' | 'refused';

/**
 * Where Vitess would send a statement of ours, by the columns that it compares with values. Knows the forms that the
 * repositories use, no more.
 */
export function routeOf(sql: string, { sns: { tables } }: VSchema): Route {
  const text = sql
    .replaceAll('`', '')
    .replace(/\s+/g, ' ')
    // Of a table that is sharded as the one around it, by the same id: it goes where that goes.
    .replace(/\(SELECT JSON_ARRAYAGG\b.*?m\.post_id = posts\.id\)/, 'NULL')
    .trim();
  if (/\bJSON_TABLE\b|\bLATERAL\b/i.test(text)) return 'refused';
  const table = tables[/\b(?:FROM|INTO|UPDATE) ([a-z_]+)/.exec(text)?.[1] ?? ''];
  if (!table) throw new Error(`the VSchema does not know the table of: ${text}`);
  const columns = table.column_vindexes.map(({ column }) => column);
  if (text.startsWith('INSERT')) {
    const [, listed, rest] = /^INSERT[^(]*\(([^)]*)\)(.*)$/.exec(text)!;
    const assigned = / ON DUPLICATE KEY UPDATE (.*)/.exec(rest!)?.[1] ?? '';
    if (columns.some((column) => new RegExp(`\\b${column} ?=`).test(assigned))) return 'refused';
    if (!bringsKey(table, listed!.split(','), rest!)) return 'refused';
    return / VALUES \?/.test(rest!) ? 'listed' : 'one';
  }
  const condition = / WHERE (.*)/.exec(text)?.[1] ?? '';
  const compares = (operator: string) =>
    columns.some((column) => new RegExp(`(?<![a-z_])${column} ${operator}`).test(condition));
  if (compares('= \\?')) return 'one';
  return compares('IN \\(') ? 'listed' : 'all';
}

/** Whether an INSERT says where its row belongs, or Vitess draws it from a sequence. */
function bringsKey({ column_vindexes: [key], auto_increment: drawn }: ShardedTable, listed: string[], rest: string) {
  if (drawn?.column === key!.column) return true;
  const place = listed.findIndex((column) => column.trim() === key!.column);
  const values = /VALUES \(([^)]*)\)/.exec(rest)?.[1]?.split(',');
  return place >= 0 && values?.[place]?.trim() !== 'DEFAULT';
}
