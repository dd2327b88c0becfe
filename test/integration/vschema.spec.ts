import { readVSchema, type ShardedTable } from '../support/vschema.js';
import { TestDatabase } from '../support/test-database.js';

/** Vitess's own names of the types that we use. */
const TYPES: Record<string, string> = {
  bigint: 'INT64',
  'bigint unsigned': 'UINT64',
  int: 'INT32',
  'int unsigned': 'UINT32',
  'tinyint unsigned': 'UINT8',
  varchar: 'VARCHAR',
  binary: 'BINARY',
  datetime: 'DATETIME',
  json: 'JSON',
  enum: 'ENUM',
};

interface StoredColumn {
  table: string;
  name: string;
  dataType: string;
  columnType: string;
  extra: string;
}

describe('The VSchema for Vitess', () => {
  const { sns, sns_global: global } = readVSchema();
  let database: TestDatabase;
  let stored: Map<string, StoredColumn[]>;
  beforeAll(async () => {
    database = await TestDatabase.create();
    const columns = await database.query<StoredColumn>(
      `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS name, DATA_TYPE AS dataType, COLUMN_TYPE AS columnType, EXTRA AS extra
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> 'schema_migrations'
        ORDER BY TABLE_NAME, ORDINAL_POSITION`,
      [database.name],
    );
    stored = Map.groupBy(columns, ({ table }) => table);
  });
  afterAll(() => database?.drop());

  /** Tables that Vitess makes and fills by itself for its lookup vindexes. */
  const lookups = Object.entries(sns.vindexes).filter(([, { type }]) => type.startsWith('consistent_lookup'));
  const lookupTables = lookups.map(([, { params }]) => params!.table!.replace('sns.', ''));
  const ownTables = Object.entries(sns.tables).filter(([name]) => !lookupTables.includes(name));

  it('names the tables and columns that the migrations make, all of them and no other', () => {
    const named = ownTables.map(([table, { columns }]) => [table, columns]);
    const made = [...stored].map(([table, columns]) => [
      table,
      columns.map(({ name, dataType, columnType }) => ({ name, type: TYPES[columnType] ?? TYPES[dataType] })),
    ]);
    expect(Object.fromEntries(named)).toEqual(Object.fromEntries(made));
    expect(ownTables.filter(([, table]) => !table.column_list_authoritative)).toEqual([]);
  });

  it('says of every table which column decides about the shard, by columns that there are', () => {
    for (const [name, { column_vindexes: vindexes }] of ownTables) {
      const names = stored.get(name)!.map((column) => column.name);
      expect([name, vindexes.filter(({ column }) => !names.includes(column))]).toEqual([name, []]);
      expect([name, sns.vindexes[vindexes[0]!.name]]).toEqual([name, { type: 'reverse_bits' }]);
      expect([name, vindexes.filter((vindex) => !sns.vindexes[vindex.name])]).toEqual([name, []]);
    }
  });

  it('keeps a lookup table for every other column, which its owner fills', () => {
    expect(lookupTables.filter((table) => !sns.tables[table])).toEqual([]);
    for (const [name, { params, owner }] of lookups) {
      const used = sns.tables[owner!]!.column_vindexes.find((vindex) => vindex.name === name);
      expect({ name, column: used?.column, type: params }).toMatchObject({ name, column: params!.from });
      const [key] = sns.tables[params!.table!.replace('sns.', '')]!.column_vindexes;
      expect({ name, column: key!.column }).toEqual({ name, column: params!.from });
    }
  });

  // Ids of posts and events are drawn by the code, because they carry the shard; the others by Vitess.
  it('has a sequence for every id that MySQL counts up today', () => {
    const counted = [...stored].filter(([, columns]) => columns.some(({ extra }) => extra.includes('auto_increment')));
    const sequences = Object.entries(global.tables).filter(([, { type }]) => type === 'sequence');
    expect(sequences.map(([name]) => name).toSorted()).toEqual(counted.map(([table]) => `${table}_seq`).toSorted());
    const drawn = ownTables.flatMap(([name, { auto_increment: id }]: [string, ShardedTable]) =>
      id ? [`${name} ${id.column} ${id.sequence}`] : [],
    );
    const expected = counted.filter(([table]) => table !== 'posts' && table !== 'outbox_events');
    expect(drawn.toSorted()).toEqual(expected.map(([table]) => `${table} id sns_global.${table}_seq`).toSorted());
    expect(Object.keys(global.tables)).toContain('schema_migrations');
  });
});
