import type { MigrationInterface, QueryRunner } from 'typeorm';
import { DatabaseNode } from '../../src/infrastructure/database/database-node.js';
import { BlockingMigrationError, Migrator, type MigratorOptions } from '../../src/infrastructure/database/migrator.js';
import { MIGRATIONS } from '../../src/infrastructure/database/migrations/index.js';
import { askMonitor } from '../support/monitor.js';
import { startProcess } from '../support/processes.js';
import { until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

type Migration = new () => MigrationInterface;

/** A migration that sends these statements, and nothing on its way back. */
const sending = (...statements: string[]): Migration => {
  class Sample1999000000000 implements MigrationInterface {
    async up(queryRunner: QueryRunner): Promise<void> {
      for (const statement of statements) await queryRunner.query(statement);
    }
    down = (): Promise<void> => Promise.resolve();
  }
  return Sample1999000000000;
};

const ADD_COLUMN = 'ALTER TABLE posts ADD COLUMN language CHAR(2) NULL, ALGORITHM=INSTANT, LOCK=DEFAULT';

describe(Migrator.name, () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(() => database?.drop());

  const migrate = (migration: Migration, options: MigratorOptions = {}) =>
    database.withMigrations((node) => {
      node.dataSource.setOptions({ migrations: [...MIGRATIONS, migration] });
      return new Migrator(node, options).up();
    });

  const columnsOfPosts = async (): Promise<string[]> => {
    const rows = await database.query<{ Field: string }>('SHOW COLUMNS FROM posts');
    return rows.map(({ Field }) => Field);
  };

  it('works alone: of two at once, one migrates and the other finds nothing left to do', async () => {
    const empty = await TestDatabase.createEmpty();
    const name = `migrations:${empty.name}`;
    const holder = await empty.connect();
    try {
      await holder.query('SELECT GET_LOCK(?, 0)', [name]);
      const both = await Promise.all([1, 2].map(() => startProcess('migrate', testEnv(empty.name))));
      const areWaiting = async () => {
        const waiting = await askMonitor(
          empty.config,
          "SELECT 1 FROM performance_schema.metadata_locks WHERE OBJECT_NAME = ? AND LOCK_STATUS = 'PENDING'",
          [name],
        );
        return waiting.length === 2;
      };
      await until(areWaiting, { what: 'both to wait for their turn' });
      expect(await empty.query('SHOW TABLES')).toEqual([]);
      holder.destroy();
      expect(await Promise.all(both.map((process) => process.exited))).toEqual([
        { code: 0, signal: null },
        { code: 0, signal: null },
      ]);
      const told = both.map(({ lines }) => lines.join('\n')).toSorted();
      expect(told).toEqual([
        MIGRATIONS.map(({ name: migration }) => `applied ${migration}`).join('\n'),
        'the schema is up to date',
      ]);
      expect(await empty.query('SELECT name FROM schema_migrations')).toHaveLength(MIGRATIONS.length);
    } finally {
      holder.destroy();
      await empty.drop();
    }
  });

  it('lets others pass while a long transaction keeps it from a table, and comes through in the end', async () => {
    const [long, other] = [await database.connect(), await database.connect()];
    try {
      await long.beginTransaction();
      await long.query('SELECT * FROM posts LIMIT 1');
      // Statements of the service: one that a lock holds for longer than its bound fails.
      await other.query('SET SESSION lock_wait_timeout = 3');
      const write = () => other.query("INSERT INTO posts (author_id, content, created_at) VALUES (1, 'x', NOW(3))");
      const reports: string[] = [];
      const migrated = migrate(sending(ADD_COLUMN), { pauseMs: 100, report: (line) => reports.push(line) });
      const failed = migrated.catch((error: unknown) => reports.push(String(error)));
      for (const tries of [1, 2]) {
        const isRefused = async () => {
          await write();
          return reports.length >= tries;
        };
        await until(isRefused, { what: `try ${tries} to end without a lock` });
        expect(reports.at(-1)).toMatch(/^a lock did not come within 1 s \(try \d\): ALTER TABLE posts/);
      }
      expect(await columnsOfPosts()).not.toContain('language');
      await long.rollback();
      await failed;
      expect(await migrated).toEqual(['Sample1999000000000']);
      expect(await columnsOfPosts()).toContain('language');
      expect(await database.query('SELECT 1 FROM posts')).not.toEqual([]);
    } finally {
      long.destroy();
      other.destroy();
    }
  });

  it('gives up after so many tries and says who to look for', async () => {
    const long = await database.connect();
    try {
      await long.beginTransaction();
      await long.query('SELECT * FROM posts LIMIT 1');
      await expect(migrate(sending(ADD_COLUMN), { maxTries: 2, pauseMs: 1 })).rejects.toThrow(
        /^a transaction keeps the table, performance_schema.metadata_locks tells which \(2 tries\): ALTER TABLE posts/,
      );
    } finally {
      long.destroy();
    }
    expect(await columnsOfPosts()).not.toContain('language');
    expect(await migrate(sending(ADD_COLUMN))).toEqual(['Sample1999000000000']);
  });

  it('refuses a change that does not say how it locks, before anything is sent', async () => {
    const blocking = 'ALTER TABLE posts ADD COLUMN language CHAR(2) NULL';
    await expect(migrate(sending(blocking))).rejects.toThrow(BlockingMigrationError);
    expect(await columnsOfPosts()).not.toContain('language');
    expect(await database.query('SELECT 1 FROM schema_migrations')).toHaveLength(MIGRATIONS.length);
  });

  it('leaves it to MySQL to refuse a change that cannot keep to what it says', async () => {
    const impossible = 'ALTER TABLE posts MODIFY author_id INT NOT NULL, ALGORITHM=INPLACE, LOCK=NONE';
    await expect(migrate(sending(impossible))).rejects.toThrow('ALGORITHM=INPLACE is not supported');
  });

  it('goes on where an interrupted run has left off', async () => {
    const addIndex = 'ALTER TABLE posts ADD KEY ix_language (language), ALGORITHM=INPLACE, LOCK=NONE';
    const dropOther = 'ALTER TABLE posts DROP COLUMN edited_at, ALGORITHM=INSTANT, LOCK=DEFAULT';
    await database.query(ADD_COLUMN);
    await database.query(dropOther);
    const reports: string[] = [];
    const migration = sending(ADD_COLUMN, addIndex, dropOther);
    expect(await migrate(migration, { report: (line) => reports.push(line) })).toEqual(['Sample1999000000000']);
    expect(reports).toEqual([ADD_COLUMN, dropOther].map((sql) => `done before, by a run that was interrupted: ${sql}`));
    expect(await database.query("SHOW INDEX FROM posts WHERE Key_name = 'ix_language'")).toHaveLength(1);
  });

  it('hands its lock on when a migration fails', async () => {
    await expect(migrate(sending('ALTER NONSENSE'))).rejects.toThrow('syntax');
    expect(await migrate(sending(ADD_COLUMN))).toEqual(['Sample1999000000000']);
  });

  describe('untilOn', () => {
    const connectTo = (address: { host: string; port: number }) => {
      const { migrationUser: user, migrationPassword: password } = database.config.mysql;
      const name = 'the replica';
      return new DatabaseNode({
        name,
        address,
        database: database.name,
        user,
        password,
        poolSize: 1,
        access: 'read',
        entities: [],
      });
    };

    const untilOn = (replica: DatabaseNode, reports: string[]): Promise<void> =>
      database.withMigrations((node) =>
        new Migrator(node, { report: (line) => reports.push(line) }).untilOn([replica]),
      );

    it('waits for a replica that lags', async () => {
      const address = database.config.mysql.replicas[0]!;
      const replica = connectTo(address);
      const happened: string[] = [];
      try {
        const { arrived } = await database.whileReplicasLag(async () => {
          await migrate(sending(ADD_COLUMN));
          const waiting = untilOn(replica, happened).then(() => happened.push('arrived'));
          const isWaiting = async () => {
            const sql =
              "SELECT 1 FROM performance_schema.threads WHERE PROCESSLIST_DB = ? AND PROCESSLIST_INFO LIKE '%WAIT_FOR_EXECUTED%'";
            return (await askMonitor(database.config, sql, [database.name], address)).length > 0;
          };
          await until(isWaiting, { what: 'the migrator to wait for the replica' });
          happened.push('lagged');
          return { arrived: waiting };
        });
        await arrived;
        expect(happened).toEqual(['lagged', 'arrived']);
        const columns: { Field: string }[] = await (await replica.connect()).query('SHOW COLUMNS FROM posts');
        expect(columns.map(({ Field }) => Field)).toContain('language');
      } finally {
        await replica.close();
      }
    }, 120_000); // other test files fill whole schemas, and the replicas take all of it one after the other

    it('leaves a replica behind that does not answer, and says so', async () => {
      const reports: string[] = [];
      const nobody = connectTo({ host: '127.0.0.1', port: 1 });
      await untilOn(nobody, reports);
      expect(reports).toEqual(['the replica does not have the schema yet: reads of what is new fail there']);
      await nobody.close();
    });
  });
});
