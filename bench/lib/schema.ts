// A schema of one benchmark on the services that `npm run bench` starts, and the application's own classes, from the build.
import { randomBytes, randomInt } from 'node:crypto';
import { Redis } from 'ioredis';
import mysql, { type Pool } from 'mysql2/promise';
import { noteVersions } from './figures.ts';

/** As in tests: ranges of ids keep the keys of schemas apart in the one Redis Cluster. */
const ID_RANGE = 1_000_000_000;
const ID_RANGES = 1_000_000;
/** Rows of one INSERT: a few hundred kilobytes. */
const ROWS = 5_000;

/**
 * A module of the build; `ensureBuilt` has run. Untyped: the sources, with their decorators, are not valid under the settings of
 * scripts that Node runs as they are.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export const built = (path: string): Promise<any> => import(new URL(`../../dist/${path}.js`, import.meta.url).href);

export interface Schema {
  /** The environment of processes that work on the schema. */
  env: NodeJS.ProcessEnv;
  /** A way to it past the application. */
  pool: Pool;
  drop(): Promise<void>;
}

/** @param firstId below {@link ID_RANGE}, for at most one schema of a run; left out, ids are as long as those of a range far away */
export async function createSchema(changes: NodeJS.ProcessEnv, firstId?: number): Promise<Schema> {
  const name = `sns_test_bench_${randomBytes(4).toString('hex')}`;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    LOG_LEVEL: 'error',
    RATE_LIMITS: 'off',
    ACCESS_TOKEN_TTL: '1d', // a benchmark issues its tokens once
    API_PORT: '0',
    WORKER_PORT: '0',
    MYSQL_DATABASE: name,
    ...changes,
  };
  const [host, port] = env.MYSQL_PRIMARY!.split(':');
  const access = {
    host: host!,
    port: Number(port),
    user: env.MYSQL_MIGRATION_USER!,
    password: env.MYSQL_MIGRATION_PASSWORD!,
  };
  const administration = await mysql.createConnection(access);
  await administration.query(`CREATE DATABASE ${name}`);
  await administration.end();
  const numbers = { supportBigNumbers: true, bigNumberStrings: true, timezone: 'Z' };
  const pool = mysql.createPool({ ...access, ...numbers, database: name, connectionLimit: 4 });
  await migrate(name, env);
  await noteServices(pool, env);
  const base = firstId ?? randomInt(1, ID_RANGES) * ID_RANGE;
  for (const table of ['users', 'posts', 'post_count_changes']) {
    await pool.query(`ALTER TABLE ${table} AUTO_INCREMENT = ${base}`);
  }
  const drop = async (): Promise<void> => {
    await pool.query(`DROP DATABASE ${name}`);
    await pool.end();
  };
  return { env, pool, drop };
}

/** For the results: what they were measured with. */
async function noteServices(pool: Pool, env: NodeJS.ProcessEnv): Promise<void> {
  const [[row]] = (await pool.query('SELECT VERSION() AS version')) as unknown as [[{ version: string }]];
  const [host, port] = env.REDIS_NODES!.split(',')[0]!.split(':');
  const redis = new Redis({ host: host!, port: Number(port) });
  const version = /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1];
  redis.disconnect();
  noteVersions({ mysql: row.version, redis: version });
}

async function migrate(database: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { DatabaseNode } = await built('infrastructure/database/database-node');
  const { configOf } = await import('./application.ts');
  const { mysql: settings } = await configOf(env);
  const node = new DatabaseNode({
    name: 'migrations',
    address: settings.primary,
    database,
    user: settings.migrationUser,
    password: settings.migrationPassword,
    poolSize: 1,
    access: 'write',
    entities: [],
  });
  await (await node.connect()).runMigrations();
  await node.close();
}

/** Inserts in statements of a bounded size. @param into a table and its columns */
export async function insertRows(pool: Pool, into: string, rows: readonly unknown[][]): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS) {
    await pool.query(`INSERT INTO ${into} VALUES ?`, [rows.slice(start, start + ROWS)]);
  }
}

/** Users without a password, as a row and nothing more. @returns their ids */
export async function createUsers(pool: Pool, count: number): Promise<string[]> {
  const now = new Date();
  for (let start = 0; start < count; start += ROWS) {
    const rows = Array.from({ length: Math.min(ROWS, count - start) }, (_, index) => {
      const username = `b_${start + index}`;
      return [username, `${username}@example.test`, '!', username, now];
    });
    await insertRows(pool, 'users (username, email, password_hash, display_name, created_at)', rows);
  }
  const [users] = await pool.query('SELECT id FROM users ORDER BY id');
  return (users as { id: string }[]).map(({ id }) => id);
}
