import { randomBytes, randomInt } from 'node:crypto';
import mysql, { type Connection, type Pool } from 'mysql2/promise';
import { DatabaseNode } from '../../src/infrastructure/database/database-node.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { testConfig } from './test-config.js';

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

  /** Makes the schema without tables. */
  static async createEmpty(): Promise<TestDatabase> {
    const name = `sns_test_${randomBytes(6).toString('hex')}`;
    const config = testConfig(name);
    const connection = await connect(config);
    await connection.query(`CREATE DATABASE ${name}`);
    await connection.end();
    return new TestDatabase(name, config, mysql.createPool({ ...access(config), database: name, connectionLimit: 4 }));
  }

  /** Runs the migrations as a deployment does, then moves the ids of every table to a range of this schema. */
  async migrate(): Promise<void> {
    await this.withMigrations((node) => node.connect().then((dataSource) => dataSource.runMigrations()));
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
      readOnly: false,
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

  async drop(): Promise<void> {
    await this.pool.query(`DROP DATABASE IF EXISTS ${this.name}`);
    await this.pool.end();
  }
}

const access = ({ mysql: settings }: AppConfig) => ({
  host: settings.primary.host,
  port: settings.primary.port,
  user: settings.migrationUser,
  password: settings.migrationPassword,
  timezone: 'Z',
  supportBigNumbers: true,
  bigNumberStrings: true,
});

const connect = (config: AppConfig, database?: string): Promise<Connection> =>
  mysql.createConnection({ ...access(config), ...(database !== undefined && { database }) });
