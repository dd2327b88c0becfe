import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { FILLED_TABLES, PASSING_TABLES } from '../support/filled-schema.js';
import { TestApp } from '../support/test-app.js';

/** Columns that hold what machines write, in ASCII; whatever people write is utf8mb4. */
const ASCII = new Set([
  'media_objects.content_type',
  'media_objects.multipart',
  'media_objects.object_key',
  'outbox_events.progress',
  'outbox_events.state',
  'outbox_events.traceparent',
  'outbox_events.type',
  'post_media.content_type',
  'post_media.object_key',
  'users.password_hash',
  'users.username',
]);

interface Column {
  id: string;
  type: string;
  characterSet: string | null;
  collation: string | null;
  defaultValue: string | null;
  extra: string;
}

describe('The schema', () => {
  let app: TestApp;
  let columns: Column[];
  beforeAll(async () => {
    app = await TestApp.start();
    columns = await ask(
      `SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS id, COLUMN_TYPE AS type, CHARACTER_SET_NAME AS characterSet,
              COLLATION_NAME AS collation, COLUMN_DEFAULT AS defaultValue, EXTRA AS extra
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> 'schema_migrations' ORDER BY id`,
    );
  });
  afterAll(() => app?.close());

  const ask = <Row>(sql: string): Promise<Row[]> => app.database.query<Row>(sql, [app.database.name]);

  it('holds every text in utf8mb4, and in ASCII only what machines write', () => {
    const texts = columns.filter(({ characterSet }) => characterSet !== null);
    expect(texts.length).toBeGreaterThan(10);
    const ascii = texts.filter(({ characterSet }) => characterSet === 'ascii');
    expect(ascii.map(({ id }) => id).filter((id) => !ASCII.has(id))).toEqual([]);
    const others = texts.filter((column) => !ascii.includes(column));
    expect(new Set(others.map(({ characterSet }) => characterSet))).toEqual(new Set(['utf8mb4']));
    expect(new Set(others.map(({ collation }) => collation?.replace(/_(bin|ai_ci)$/, '')))).toEqual(
      new Set(['utf8mb4_0900']),
    );
  });

  it('keeps every table in InnoDB, with rows that put long values elsewhere, and utf8mb4 for what comes', async () => {
    const tables = await ask<{ name: string }>(
      `SELECT TABLE_NAME AS name, ENGINE AS engine, ROW_FORMAT AS format, TABLE_COLLATION AS collation
         FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY name`,
    );
    expect(tables.map(({ name }) => name)).toEqual(
      [...FILLED_TABLES, ...PASSING_TABLES, 'schema_migrations'].toSorted(),
    );
    for (const { name, ...made } of tables) {
      const expected = { engine: 'InnoDB', format: 'Dynamic', collation: 'utf8mb4_0900_ai_ci' };
      expect({ name, ...made }).toEqual({ name, ...expected });
    }
  });

  it('keeps times to the millisecond, without a zone of their own and without a clock of the server', () => {
    const times = columns.filter(({ id, type }) => id.endsWith('_at') || /^(date|time|year)/.test(type));
    expect(times.length).toBeGreaterThan(15);
    expect(new Set(times.map(({ type }) => type))).toEqual(new Set(['datetime(3)']));
    expect(times.filter(({ defaultValue, extra }) => defaultValue !== null || extra !== '')).toEqual([]);
  });

  it('has ids that hold every id of the contract', () => {
    const ids = columns.filter(({ id, type }) => /[._]id$/.test(id) && type !== 'binary(16)');
    expect(ids.length).toBeGreaterThan(15);
    expect(ids.filter(({ type }) => type !== 'bigint')).toEqual([]);
  });

  it('has no foreign key, so no deletion that runs over rows nobody counted', async () => {
    expect(await ask('SELECT * FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?')).toEqual(
      [],
    );
  });

  it('has no index that another one makes superfluous', async () => {
    const indexes = await indexesOf(app.database.name);
    expect(indexes.length).toBeGreaterThan(20);
    expect(indexes.flatMap((index) => superfluous(index, indexes))).toEqual([]);
    const extra = { table: 'follows', name: 'ix_extra', unique: false, columns: ['followee_id'] };
    expect(superfluous(extra, [...indexes, extra])).toEqual(['follows.ix_extra: PRIMARY does its work']);
  });

  async function indexesOf(schema: string): Promise<Index[]> {
    const rows = await app.database.query<Omit<Index, 'columns'> & { columns: string }>(
      `SELECT TABLE_NAME AS \`table\`, INDEX_NAME AS name, MAX(NON_UNIQUE) = 0 AS \`unique\`,
              GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) AS columns
         FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? GROUP BY TABLE_NAME, INDEX_NAME`,
      [schema],
    );
    return rows.map((row) => ({ ...row, unique: Boolean(Number(row.unique)), columns: row.columns.split(',') }));
  }

  it('is used in UTC and utf8mb4 by every pool', async () => {
    const { all } = app.nest.get(DatabaseNodes, { strict: false });
    expect(all.length).toBeGreaterThanOrEqual(4);
    for (const node of all) {
      const [session] = (await (
        await node.connect()
      ).query('SELECT @@time_zone AS zone, @@character_set_client AS client, @@character_set_results AS results')) as [
        object,
      ];
      expect({ node: node.name, ...session }).toEqual({
        node: node.name,
        zone: '+00:00',
        client: 'utf8mb4',
        results: 'utf8mb4',
      });
    }
    const written = new Date('2026-03-29T01:30:00.123Z');
    const now = await app.database.query<{ at: string }>('SELECT CAST(? AS CHAR) AS at', [written]);
    expect(now).toEqual([{ at: '2026-03-29 01:30:00.123' }]);
  });
});

interface Index {
  table: string;
  name: string;
  unique: boolean;
  columns: string[];
}

/** Why an index need not be there: another one of its table begins with its columns. A unique one is also a rule. */
function superfluous({ table, name, unique, columns }: Index, all: readonly Index[]): string[] {
  if (unique) return [];
  const wider = all.find(
    (other) =>
      other.table === table && other.name !== name && columns.every((column, i) => other.columns[i] === column),
  );
  return wider ? [`${table}.${name}: ${wider.name} does its work`] : [];
}
