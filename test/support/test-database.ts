import { randomBytes, randomInt } from 'node:crypto';
import mysql, { type Connection, type Pool } from 'mysql2/promise';
import { DatabaseNode } from '../../src/infrastructure/database/database-node.js';
import { Migrator } from '../../src/infrastructure/database/migrator.js';
import type { AppConfig } from '../../src/config/app-config.js';
import type { Address } from '../../src/config/setting-types.js';
import { testConfig, type TestEnv } from './test-config.js';

/**
 * Ids of a schema start at a random multiple of this. Schemas share one Redis Cluster, whose keys are made of ids, so
 * the ranges keep them apart: a range is larger than any test and there are a million of them below 2^53.
 */
const ID_RANGE = 1_000_000_000;
const ID_RANGES = 1_000_000;

/** A schema of one test file on the primary, migrated, and gone at the end. */
export class TestDatabase {
  private constructor(
    readonly name: string,
    readonly config: AppConfig,
    private readonly pool: Pool,
  ) {}

  /** Makes the schema and brings it up to date. */
  static async create(): Promise<TestDatabase> {
    const database = await TestDatabase.createEmpty();
    await database.migrate();
    return database;
  }

  /** A schema that is there already. @param env settings that say where, when it is not on the tests' servers */
  static at(name: string, env: TestEnv = {}): TestDatabase {
    const config = testConfig(name, env);
    return new TestDatabase(name, config, mysql.createPool({ ...access(config), database: name, connectionLimit: 4 }));
  }

  /** Makes the schema without tables. */
  static async createEmpty(): Promise<TestDatabase> {
    const name = `sns_test_${randomBytes(6).toString('hex')}`;
    const config = testConfig(name);
    const connection = await connect(config);
    await connection.query(`CREATE DATABASE ${name}`);
    await connection.end();
    return TestDatabase.at(name);
  }

  /** Runs the migrations as a deployment does, then moves the ids of every table to a range of this schema. */
  async migrate(): Promise<void> {
    await this.withMigrations((node) => new Migrator(node).up());
    const base = randomInt(1, ID_RANGES) * ID_RANGE;
    const tables = await this.query<{ name: string }>(
      `SELECT TABLE_NAME AS name FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = ? AND EXTRA LIKE '%auto_increment%' AND TABLE_NAME <> 'schema_migrations'`,
      [this.name],
    );
    for (const table of tables) await this.query(`ALTER TABLE ${table.name} AUTO_INCREMENT = ${base}`);
  }

  /** Lends a connection of the migration user. */
  async withMigrations<T>(work: (node: DatabaseNode) => Promise<T>): Promise<T> {
    const { mysql: settings } = this.config;
    const node = new DatabaseNode({
      name: 'migrations',
      address: settings.primary,
      database: this.name,
      user: settings.migrationUser,
      password: settings.migrationPassword,
      poolSize: 1,
      access: 'write',
      entities: [],
    });
    try {
      return await work(node);
    } finally {
      await node.close();
    }
  }

  /** Runs a statement on the primary, past the application. */
  async query<Row = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const [rows] = await this.pool.query(sql, values);
    return rows as Row[];
  }

  /** Runs a statement that writes. @returns how many rows it changed */
  async execute(sql: string, values: unknown[] = []): Promise<number> {
    const [result] = await this.pool.query(sql, values);
    return (result as { affectedRows: number }).affectedRows;
  }

  /** A connection of its own, for tests that need an open transaction. */
  connect(): Promise<Connection> {
    return connect(this.config, this.name);
  }

  /** Whether somebody waits for a row lock in this schema; only the monitoring user may know. */
  async hasLockWait(): Promise<boolean> {
    const { MYSQL_MONITOR_USER, MYSQL_MONITOR_PASSWORD } = process.env;
    const connection = await mysql.createConnection({
      ...access(this.config),
      user: MYSQL_MONITOR_USER,
      password: MYSQL_MONITOR_PASSWORD,
    });
    try {
      // Not information_schema.INNODB_TRX: it shows a copy that is not renewed while it is polled.
      const [rows] = await connection.query(
        "SELECT 1 FROM performance_schema.data_locks WHERE OBJECT_SCHEMA = ? AND LOCK_STATUS = 'WAITING'",
        [this.name],
      );
      return (rows as unknown[]).length > 0;
    } finally {
      connection.destroy();
    }
  }

  /** `@@server_uuid` of the primary, then of each replica, in the order of the settings. */
  async serverUuids(): Promise<[primary: string, ...replicas: string[]]> {
    const { primary, replicas } = this.config.mysql;
    const uuids = [primary, ...replicas].map(async (node) => {
      const connection = await connect(this.config, undefined, node);
      try {
        const [rows] = await connection.query('SELECT @@server_uuid AS uuid');
        return (rows as { uuid: string }[])[0]!.uuid;
      } finally {
        connection.destroy();
      }
    });
    return (await Promise.all(uuids)) as [string, ...string[]];
  }

  /** Waits until every replica has what the primary has. */
  async replicated(): Promise<void> {
    const [primary] = await this.query<{ gtids: string }>('SELECT @@GLOBAL.gtid_executed AS gtids');
    await this.onReplicas(async (connection) => {
      await connection.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 30)', [primary!.gtids]);
    });
  }

  /**
   * Runs `work` while no replica applies anything: a lock on a row holds their appliers, which commit in the order of
   * the primary. Only ever for a moment, because other test files' schemas lag too.
   */
  async whileReplicasLag<T>(work: () => Promise<T>): Promise<T> {
    await this.query('CREATE TABLE IF NOT EXISTS replication_brake (id INT PRIMARY KEY, turn INT NOT NULL)');
    await this.query('INSERT INTO replication_brake VALUES (1, 0) ON DUPLICATE KEY UPDATE turn = turn + 1');
    await this.replicated();
    return this.onReplicas(
      async (connection) => {
        await connection.beginTransaction();
        await connection.query('SELECT turn FROM replication_brake WHERE id = 1 FOR SHARE');
      },
      async () => {
        await this.query('UPDATE replication_brake SET turn = turn + 1');
        return work();
      },
    );
  }

  /** Prepares a connection to each replica, then runs `work` while they are open. */
  private async onReplicas<T>(prepare: (connection: Connection) => Promise<void>, work?: () => Promise<T>): Promise<T> {
    const connections = await Promise.all(
      this.config.mysql.replicas.map((replica) => connect(this.config, this.name, replica)),
    );
    try {
      await Promise.all(connections.map(prepare));
      return (await work?.()) as T;
    } finally {
      for (const connection of connections) connection.destroy();
    }
  }

  async drop(): Promise<void> {
    await this.pool.query(`DROP DATABASE IF EXISTS ${this.name}`);
    await this.pool.end();
  }
}

const access = ({ mysql: settings }: AppConfig, node: Address = settings.primary) => ({
  host: node.host,
  port: node.port,
  user: settings.migrationUser,
  password: settings.migrationPassword,
  timezone: 'Z',
  supportBigNumbers: true,
  bigNumberStrings: true,
});

const connect = (config: AppConfig, database?: string, node?: Address): Promise<Connection> =>
  mysql.createConnection({ ...access(config, node), ...(database !== undefined && { database }) });
