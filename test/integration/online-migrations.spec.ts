import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { MIGRATIONS } from '../../src/infrastructure/database/migrations/index.js';
import { Migrator } from '../../src/infrastructure/database/migrator.js';
import { WorkerModule } from '../../src/worker.module.js';
import { ApiClient, type Member } from '../support/api-client.js';
import { createUsers, memberFactory } from '../support/factories.js';
import { FILLED_TABLES, fillSchema, FIRST_ID, PASSING_TABLES } from '../support/filled-schema.js';
import { plainService, type PlainStep } from '../support/plain-service.js';
import { until } from '../support/settle.js';
import { listen, urlOf } from '../support/test-app.js';
import { testConfig } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';
import { Workload, type Step } from '../support/workload.js';

/** Clients of the application, and of plain SQL; more would only queue up on two cores. */
const PEOPLE = 4;
const PLAIN_CLIENTS = 2;
/** Ids below are those of the filled rows, which nobody touches; ids that the service gives are above. */
const FILLED_BELOW = 1_000_000_000;
/** Name of the step in which the application writes a like or takes it back. */
const APP_LIKE = 'PUT or DELETE /v1/posts/:id/like';
/** Rows of a batch, as the house rules have it. */
const BATCH = 1_000;

/** When the index was built, for each time. */
const builds: { begunMs: number; endedMs: number }[] = [];

/** Takes what there is: a column, an index over 100,000 rows, a backfill in batches. */
class ExpandSample1999000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE posts ADD COLUMN language CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NULL,
         ALGORITHM=INSTANT, LOCK=DEFAULT`,
    );
    const begunMs = performance.now();
    await queryRunner.query('ALTER TABLE likes ADD KEY ix_likes_created (created_at), ALGORITHM=INPLACE, LOCK=NONE');
    builds.push({ begunMs, endedMs: performance.now() });
    let after = '0';
    for (;;) {
      const [{ last }] = (await queryRunner.query(
        'SELECT MAX(id) AS last FROM (SELECT id FROM posts WHERE id > ? ORDER BY id LIMIT ?) AS batch',
        [after, BATCH],
      )) as [{ last: string | null }];
      if (last === null) return;
      await queryRunner.query("UPDATE posts SET language = 'en' WHERE id > ? AND id <= ?", [after, last]);
      after = last;
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE likes DROP KEY ix_likes_created, ALGORITHM=INPLACE, LOCK=NONE');
    await queryRunner.query('ALTER TABLE posts DROP COLUMN language, ALGORITHM=INSTANT, LOCK=DEFAULT');
  }
}

/** A client that likes and unlikes most of the time. */
function onlyLikes(steps: readonly PlainStep[]): PlainStep[] {
  const like = steps.filter(({ name }) => name === 'like' || name === 'unlike');
  return [...steps.filter(({ name }) => name === 'post'), ...like, ...like, ...like];
}

describe('Migrations of a loaded database', () => {
  let database: TestDatabase;
  let plain: Awaited<ReturnType<typeof plainService>>[];

  beforeAll(async () => {
    database = await TestDatabase.create();
    await fillSchema(database);
    plain = await Promise.all(Array.from({ length: PLAIN_CLIENTS }, () => plainService(database)));
  }, 120_000);
  afterAll(async () => {
    for (const { close } of plain ?? []) close();
    await database?.drop();
  });

  const migrator = <T>(work: (migrator: Migrator) => Promise<T>, more: (new () => MigrationInterface)[] = []) =>
    database.withMigrations((node) => {
      node.dataSource.setOptions({ migrations: [...MIGRATIONS, ...more] });
      return work(new Migrator(node));
    });

  /** Names of tables and their columns, and how each table is made. */
  async function shape(of = database): Promise<{ columns: Map<string, string[]>; statements: string[] }> {
    const rows = await of.query<{ name: string; columns: string }>(
      `SELECT TABLE_NAME AS name, GROUP_CONCAT(COLUMN_NAME ORDER BY ORDINAL_POSITION) AS columns
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> 'schema_migrations'
        GROUP BY TABLE_NAME ORDER BY TABLE_NAME`,
      [of.name],
    );
    const statements: string[] = [];
    for (const { name } of rows) {
      const [row] = await of.query<Record<string, string>>(`SHOW CREATE TABLE ${name}`);
      statements.push(row!['Create Table']!.replace(/ AUTO_INCREMENT=\d+/, ''));
    }
    return { columns: new Map(rows.map(({ name, columns }) => [name, columns.split(',')])), statements };
  }

  /** How many filled rows the tables have and what is in them, as far as these columns go. */
  async function content(columns: Map<string, string[]>): Promise<Record<string, unknown>> {
    const contents: Record<string, unknown> = {};
    for (const [table, names] of columns) {
      const [key] = await database.query<{ Column_name: string }>(
        `SHOW INDEX FROM ${table} WHERE Key_name = 'PRIMARY' AND Seq_in_index = 1`,
      );
      const filled = key!.Column_name.endsWith('id') ? `WHERE ${key!.Column_name} < ${FILLED_BELOW}` : '';
      const values = names.map((name) => `IFNULL(HEX(${name}), '-')`).join();
      [contents[table]] = await database.query(
        `SELECT COUNT(*) AS count, SUM(CRC32(CONCAT_WS(',', ${values}))) AS sum FROM ${table} ${filled}`,
      );
    }
    return contents;
  }

  it('has many rows in every table', async () => {
    const { columns } = await shape();
    expect([...columns.keys()].toSorted()).toEqual([...FILLED_TABLES, ...PASSING_TABLES].toSorted());
    // Large authors are few wherever they are, and Redis is one.
    for (const table of [...PASSING_TABLES, 'large_authors', 'redis_watch']) columns.delete(table);
    const counts = Object.values(await content(columns)) as { count: string }[];
    expect(Math.min(...counts.map(({ count }) => Number(count)))).toBeGreaterThanOrEqual(20_000);
    expect(counts.reduce((sum, { count }) => sum + Number(count), 0)).toBeGreaterThan(400_000);
  });

  describe('while the application serves', () => {
    let api: NestFastifyApplication;
    let worker: NestFastifyApplication;
    beforeAll(async () => {
      const config = testConfig(database.name);
      api = await listen(AppModule, config);
      worker = await listen(WorkerModule, config);
    });
    afterAll(async () => {
      await api?.close();
      await worker?.close();
    });

    /** What a person does, each with a post and a friend of their own. */
    async function stepsOf(member: Member, friend: Member): Promise<Step[]> {
      const { id } = await member.post();
      const call = (status: number, method: string, path: string, body?: object): Step => ({
        name: `${method} ${path.replace(/\d{4,}/g, ':id')}`,
        run: () => member.api.expect(status, method, path, { token: member.token, body }),
      });
      return [
        call(201, 'POST', '/v1/posts', { content: 'a post' }),
        call(200, 'GET', '/v1/feed'),
        call(204, 'PUT', `/v1/users/${friend.id}/follow`),
        call(201, 'POST', `/v1/posts/${id}/comments`, { content: 'a comment' }),
        call(200, 'GET', `/v1/users/${FIRST_ID}/followers`),
        call(200, 'GET', `/v1/posts/${id}/comments`),
        call(200, 'PATCH', `/v1/posts/${id}`, { content: 'edited' }),
        call(204, 'DELETE', `/v1/users/${friend.id}/follow`),
      ];
    }

    /** What the application does with the rows over which the index is built. */
    async function likesOf(member: Member): Promise<Step[]> {
      const { id } = await member.post();
      return ['PUT', 'DELETE'].map((method) => ({
        name: APP_LIKE,
        run: () => member.api.expect(200, method, `/v1/posts/${id}/like`, { token: member.token }),
      }));
    }

    it('come and go without a request that fails or a statement that waits, and change no row', async () => {
      const users = await createUsers(database, PEOPLE * 2);
      const members = users.map(memberFactory(database, new ApiClient(urlOf(api))));
      const people = [likesOf(members[0]!), likesOf(members[1]!)];
      for (let i = 2; i < PEOPLE; i++) people.push(stepsOf(members[i]!, members[PEOPLE + i]!));
      const [everything, likes] = plain.map(({ steps }) => steps) as [PlainStep[], PlainStep[]];
      const before = await shape();
      before.columns.delete('redis_watch'); // the worker notes every few seconds that Redis is well
      const rows = await content(before.columns);
      const workload = new Workload([...(await Promise.all(people)), everything, onlyLikes(likes)]);
      const goesOn = async () => {
        const rounds = workload.rounds + 1;
        const isDone = () => workload.rounds >= rounds || workload.failures.length > 0;
        await until(isDone, { what: 'another round of requests', timeoutMs: 60_000 });
      };
      try {
        await goesOn();
        // Until somebody liked something in the middle of a build, which on a fast machine may be over too soon.
        const hasOverlapped = async () => {
          await migrator((each) => each.up(), [ExpandSample1999000000000]);
          expect((await shape()).columns.get('posts')).toContain('language');
          const unfilled = 'SELECT 1 FROM posts WHERE language IS NULL AND id < ? LIMIT 1';
          expect(await database.query(unfilled, [FILLED_BELOW])).toEqual([]);
          await migrator((each) => each.revertLast(), [ExpandSample1999000000000]);
          const { begunMs, endedMs } = builds.at(-1)!;
          return ['like', APP_LIKE].every((name) => workload.within(name, begunMs, endedMs) > 0);
        };
        await until(hasOverlapped, { what: 'likes while the index of likes is built', timeoutMs: 120_000 });
        await goesOn();
      } finally {
        await workload.stop();
      }
      expect(workload.failures).toEqual([]);
      expect((await shape()).statements).toEqual(before.statements);
      expect(await content(before.columns)).toEqual(rows);
    }, 240_000);
  });

  it('would show a build that blocks', async () => {
    const workload = new Workload(plain.map(({ steps }) => onlyLikes(steps)));
    await until(() => workload.rounds > 3, { what: 'some likes' });
    const begunMs = performance.now();
    await database.query('ALTER TABLE likes ADD KEY ix_likes_created (created_at), ALGORITHM=COPY, LOCK=SHARED');
    const endedMs = performance.now();
    await workload.stop();
    expect(workload.within('like', begunMs, endedMs)).toBe(0);
    await database.query('ALTER TABLE likes DROP KEY ix_likes_created, ALGORITHM=INPLACE, LOCK=NONE');
  });

  /** Columns of the tables as they are without the last migration. */
  async function shapeBeforeTheLast(): Promise<Map<string, string[]>> {
    const empty = await TestDatabase.create();
    try {
      await empty.withMigrations((node) => new Migrator(node).revertLast());
      return (await shape(empty)).columns;
    } finally {
      await empty.drop();
    }
  }

  // What a migration makes, its `down` loses: the tables and columns that only it has. Everything else is as it was.
  it('the last one goes down and up again while what is older is used, and loses only what it made', async () => {
    const after = await shape();
    const older = await shapeBeforeTheLast();
    const kept = new Map([...after.columns].filter(([table]) => older.has(table)));
    for (const table of kept.keys()) kept.set(table, older.get(table)!);
    const rows = await content(kept);
    const isOlder = ({ tables }: PlainStep) => tables.every((table) => older.has(table));
    const workload = new Workload(plain.map(({ steps }) => steps.filter(isOlder)));
    try {
      await until(() => workload.rounds > 3, { what: 'some requests' });
      await migrator(async (each) => {
        expect(await each.revertLast()).toBe(MIGRATIONS.at(-1)!.name);
        expect([...(await shape()).columns]).toEqual([...older]);
        const rounds = workload.rounds + 3;
        await until(() => workload.rounds >= rounds, { what: 'some requests in the older shape' });
        await each.up();
      });
    } finally {
      await workload.stop();
    }
    expect(workload.failures).toEqual([]);
    expect((await shape()).statements).toEqual(after.statements);
    expect(await content(kept)).toEqual(rows);
    const lost = [...after.columns.keys()].filter((table) => !older.has(table));
    for (const table of lost) expect(await database.query(`SELECT * FROM ${table} LIMIT 1`)).toEqual([]);
  }, 120_000);
});
