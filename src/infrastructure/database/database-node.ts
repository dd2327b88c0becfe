import { DataSource, type EntitySchema, type MixedList, type QueryRunner } from 'typeorm';
import mysql, { type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import type { Address } from '../../config/setting-types.js';
import { MIGRATIONS } from './migrations/index.js';

/** Gives up on a node that does not accept a connection; a healthy one answers in a few milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Requests that may wait for a free connection; more would only time out later, so they are refused at once. */
const MAX_WAITING = 200;

/** A replica that keeps up needs about 2 ms; for one that does not, the primary is asked instead. */
const GTID_WAIT_SECONDS = 0.01;

export interface NodeOptions {
  /** Short name for metrics and logs: `primary`, `replica-1`. */
  name: string;
  address: Address;
  database: string;
  user: string;
  password: string;
  poolSize: number;
  /** Connections refuse writes, whatever node this is. */
  readOnly: boolean;
  entities: MixedList<Function | string | EntitySchema>;
}

/**
 * One MySQL server and the pool of connections to it.
 *
 * Each node has a `DataSource` of its own instead of TypeORM's replication mode, whose pool cluster ignores the
 * configured selector, forgets a node that failed once, and hides which server a statement went to.
 */
export class DatabaseNode {
  readonly name: string;
  readonly dataSource: DataSource;
  private connecting?: Promise<DataSource>;
  /** What was waited for last: a request asks several times for the same. */
  private executed?: string;

  constructor(options: NodeOptions) {
    this.name = options.name;
    const setup = options.readOnly ? SESSION_SETUP.reads : SESSION_SETUP.writes;
    this.dataSource = new DataSource({
      type: 'mysql',
      host: options.address.host,
      port: options.address.port,
      username: options.user,
      password: options.password,
      database: options.database,
      poolSize: options.poolSize,
      connectTimeout: CONNECT_TIMEOUT_MS,
      charset: 'utf8mb4_0900_ai_ci',
      timezone: 'Z',
      supportBigNumbers: true,
      bigNumberStrings: true,
      entities: options.entities,
      migrations: MIGRATIONS,
      migrationsTableName: 'schema_migrations',
      migrationsTransactionMode: 'each',
      synchronize: false,
      logging: false,
      driver: { ...mysql, createPool: (pool: PoolOptions) => createPool(pool, setup) },
      extra: { queueLimit: MAX_WAITING, enableKeepAlive: true },
    });
  }

  /** Connects on first use; a node that was down is tried again on the next call. */
  async connect(): Promise<DataSource> {
    if (this.dataSource.isInitialized) return this.dataSource;
    this.connecting ??= this.dataSource.initialize().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  /** A query runner bound to one connection of this node once it runs its first statement; the caller releases it. */
  async createQueryRunner(): Promise<QueryRunner> {
    return (await this.connect()).createQueryRunner();
  }

  /**
   * Whether this node has executed transactions of the primary, after waiting for them for a moment.
   *
   * @param gtids as the primary named them
   */
  async hasExecuted(gtids: string, queryRunner: QueryRunner): Promise<boolean> {
    if (this.executed === gtids) return true;
    const [row]: { timedOut: number }[] = await queryRunner.query(
      'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS timedOut',
      [gtids, GTID_WAIT_SECONDS],
    );
    if (Number(row!.timedOut) !== 0) return false;
    this.executed = gtids;
    return true;
  }

  async close(): Promise<void> {
    await this.connecting?.catch(() => undefined); // its own caller has been told
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

/** What every new connection is told first. */
const SESSION_SETUP = {
  // Once a connection, so that a write fails at once on whatever node it is, and no read needs a BEGIN.
  reads: 'SET SESSION TRANSACTION READ ONLY',
  // The answer to a COMMIT then carries its GTID; see OwnWrites.
  // Who waits longer than 5 s for a row is in a jam; MySQL's 50 s would hold a connection and a client all the while.
  writes: "SET SESSION session_track_gtids = 'OWN_GTID', innodb_lock_wait_timeout = 5",
};

function createPool(options: PoolOptions, setup: string): Pool {
  const pool = mysql.createPool(options);
  pool.on('connection', (connection: PoolConnection) => {
    // Queued before anything the borrower sends, so no statement can run ahead of it.
    connection.query(setup, (error) => {
      if (error) connection.destroy();
    });
  });
  return pool;
}
