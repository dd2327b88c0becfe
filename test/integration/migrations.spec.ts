import { DataSource } from 'typeorm';
import { ENTITIES_LIST } from '../../src/entities.js';
import { MIGRATIONS } from '../../src/infrastructure/database/migrations/index.js';
import { TestDatabase } from '../support/test-database.js';

describe('The migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.createEmpty();
  });
  afterEach(() => database?.drop());

  const tables = () =>
    database.query('SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?', [database.name]);

  /** Everything that migrations decide: columns and indexes, in a comparable form. */
  const schema = async () => {
    const columns = await database.query(
      `SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLLATION_NAME, EXTRA
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION`,
      [database.name],
    );
    const indexes = await database.query(
      `SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE
         FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
      [database.name],
    );
    return { columns, indexes };
  };

  const run = () => database.withMigrations(async (node) => (await node.connect()).runMigrations());
  const undoLast = () => database.withMigrations(async (node) => (await node.connect()).undoLastMigration());

  it('go up, all the way down, and up again to the same schema', async () => {
    expect(await run()).toHaveLength(MIGRATIONS.length);
    const before = await schema();
    for (let i = 0; i < MIGRATIONS.length; i++) await undoLast();
    expect((await tables()).map((table) => table.name)).toEqual(['schema_migrations']);
    expect(await run()).toHaveLength(MIGRATIONS.length);
    expect(await schema()).toEqual(before);
  });

  it('change nothing the second time', async () => {
    await run();
    expect(await run()).toEqual([]);
  });

  it('go on after a run that was interrupted before it was noted', async () => {
    await run();
    await database.execute('DELETE FROM schema_migrations ORDER BY id DESC LIMIT 1');
    expect(await run()).toHaveLength(1);
  });

  it('make every table and column that an entity names, nullable where it says so', async () => {
    await run();
    const { primary, user, password } = database.config.mysql;
    const source = new DataSource({
      type: 'mysql',
      host: primary.host,
      port: primary.port,
      username: user,
      password,
      database: database.name,
      entities: ENTITIES_LIST,
    });
    await source.initialize();
    const mapped = source.entityMetadatas.flatMap((entity) =>
      entity.columns.map((column) => `${entity.tableName}.${column.databaseName} ${column.isNullable ? 'YES' : 'NO'}`),
    );
    await source.destroy();
    const stored = await database.query<Record<string, string>>(
      'SELECT TABLE_NAME, COLUMN_NAME, IS_NULLABLE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ?',
      [database.name],
    );
    const made = new Set(stored.map((row) => `${row.TABLE_NAME}.${row.COLUMN_NAME} ${row.IS_NULLABLE}`));
    expect(mapped.length).toBeGreaterThan(20);
    expect(mapped.filter((column) => !made.has(column))).toEqual([]);
  });
});
