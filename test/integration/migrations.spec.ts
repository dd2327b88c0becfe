import { DataSource } from 'typeorm';
import { ENTITIES_LIST } from '../../src/entities.js';
import { MIGRATIONS } from '../../src/infrastructure/database/migrations/index.js';
import { Migrator } from '../../src/infrastructure/database/migrator.js';
import { TestDatabase } from '../support/test-database.js';

describe('The migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.createEmpty();
  });
  afterEach(() => database?.drop());

  const tables = () =>
    database.query<{ name: string }>(
      'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
      [database.name],
    );

  /** What every table is made of, besides its next id. */
  const shape = async (): Promise<Record<string, string>> => {
    const shapes: Record<string, string> = {};
    for (const { name } of await tables()) {
      const [row] = await database.query<Record<string, string>>(`SHOW CREATE TABLE ${name}`);
      shapes[name] = row!['Create Table']!.replace(/ AUTO_INCREMENT=\d+/, '');
    }
    return shapes;
  };

  const migrate = <T>(migrations: typeof MIGRATIONS, work: (migrator: Migrator) => Promise<T>) =>
    database.withMigrations((node) => {
      node.dataSource.setOptions({ migrations });
      return work(new Migrator(node));
    });
  const run = (migrations = MIGRATIONS) => migrate(migrations, (migrator) => migrator.up());
  const undoLast = () => migrate(MIGRATIONS, (migrator) => migrator.revertLast());

  it('go up, one after the other back to the very tables of before, and up again', async () => {
    const shapes: Record<string, string>[] = [];
    for (const [index] of MIGRATIONS.entries()) {
      expect(await run(MIGRATIONS.slice(0, index + 1))).toHaveLength(1);
      shapes.push(await shape());
    }
    const full = shapes.pop();
    for (const earlier of shapes.toReversed()) {
      await undoLast();
      expect(await shape()).toEqual(earlier);
    }
    await undoLast();
    expect(Object.keys(await shape())).toEqual(['schema_migrations']);
    expect(await run()).toHaveLength(MIGRATIONS.length);
    expect(await shape()).toEqual(full);
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
