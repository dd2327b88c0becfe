import { DataSource, type EntitySchema, type MixedList, type QueryRunner } from 'typeorm';
import mysql, { type PoolOptions } from 'mysql2';
import type { Address } from '../../config/setting-types.js';
import { ExecutedTransactions, waitForGtids } from './executed-transactions.js';
import { isPoolExhausted, QUEUE_FULL } from './mysql-errors.js';
import { MIGRATIONS } from './migrations/index.js';
import { Patience } from './patience.js';
import { PoolConnections, type PoolSizes } from './pool-connections.js';
import type { PoolFailure, PoolObserver } from './pool-observer.js';
import { StatementLogger } from './statement-logger.js';
import { traceStatements } from './statement-traces.js';

/** Gives up on a node that does not accept a connection; a healthy one answers in a few milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
/**
 * Requests that may wait for each connection of a pool. Even on a busy machine a connection serves a hundred within the
 * time they wait; more would only time out later, so they are refused at once.
 */
const WAITING_PER_CONNECTION = 100;

export interface NodeOptions {
  /** For metrics and logs. */
  name: string;
  address: Address;
  database: string;
  user: string;
  password: string;
  poolSize: number;
  /** With `read`, connections refuse writes, whatever the role of the server. */
  access: 'read' | 'write';
  entities: MixedList<Function | string | EntitySchema>;
}

/**
 * A pool of connections to one MySQL server.
 *
 * Each has a `DataSource` of its own instead of TypeORM's replication mode, whose pool cluster ignores the
 * configured selector, forgets a node that failed once, and hides which server a statement went to.
 */
export class DatabaseNode {
  readonly name: string;
  readonly access: 'read' | 'write';
  readonly dataSource: DataSource;
  readonly poolSize: number;
  /** Whether reads should come here; the monitor decides. */
  healthy = true;
  /** Of a replica, as it said last: seconds behind the primary. */
  lagSeconds?: number;
  /** Of a replica, while there is no primary: it has executed all that any replica has heard of. */
  complete = false;
  observer?: PoolObserver;
  private connecting?: Promise<DataSource>;
  private readonly connections: PoolConnections;
  private readonly patience = new Patience();
  private readonly executed = new ExecutedTransactions();

  constructor(options: NodeOptions) {
    this.name = options.name;
    this.access = options.access;
    this.poolSize = options.poolSize;
    this.connections = new PoolConnections(options.access);
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
      logger: new StatementLogger(() => this.observer?.statement(this)),
      driver: { ...mysql, createPool: (pool: PoolOptions) => this.connections.createPool(pool) },
      extra: { queueLimit: options.poolSize * WAITING_PER_CONNECTION, enableKeepAlive: true },
    });
  }

  /** Connects on first use; a node that was down is tried again on the next call. */
  async connect(): Promise<DataSource> {
    if (this.dataSource.isInitialized) return this.dataSource;
    this.connecting ??= this.dataSource.initialize().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  /**
   * Borrows a connection; the caller releases the query runner.
   *
   * @throws an error that `isConnectionError` knows, when the node is away or its pool stays empty for 1.5 s
   */
  async acquire(): Promise<QueryRunner> {
    const begunMs = performance.now();
    try {
      const queryRunner = await this.borrow();
      traceStatements(queryRunner, this);
      this.observer?.acquired(this, (performance.now() - begunMs) / 1_000);
      return queryRunner;
    } catch (error) {
      this.observer?.failed(this, failureOf(error));
      throw error;
    }
  }

  private async borrow(): Promise<QueryRunner> {
    const queryRunner = (await this.connect()).createQueryRunner();
    const connection: Promise<unknown> = queryRunner.connect();
    try {
      await this.patience.waitFor(connection, this.name);
      return queryRunner;
    } catch (error) {
      // A connection that comes after all goes straight back.
      connection.then(
        () => queryRunner.release(),
        () => undefined,
      );
      throw error;
    }
  }

  /** Ends every connection, so that whatever a frozen server will never answer fails now, and whoever waits for it too. */
  dropConnections(): void {
    const silent = new Error(`${this.name} does not answer`);
    this.connections.destroy(silent);
    this.patience.giveUp(silent);
  }

  /** Connections of the pool: all, idle ones, and requests that wait for one. */
  get pool(): PoolSizes {
    return this.connections.sizes;
  }

  /**
   * Whether this node has executed transactions of the primary, after waiting for them for a moment.
   *
   * @param gtids as the primary named them
   */
  hasExecuted(gtids: string, queryRunner: QueryRunner): Promise<boolean> {
    return this.executed.include(gtids, queryRunner);
  }

  /** Whether this node has just been waited for in vain for these transactions. */
  lacks(gtids: string): boolean {
    return this.executed.lack(gtids);
  }

  /** Waits for this node to have executed transactions of the primary. @returns whether they came in time */
  async waitFor(gtids: string, seconds: number): Promise<boolean> {
    const queryRunner = await this.acquire();
    try {
      return await waitForGtids(queryRunner, gtids, seconds);
    } finally {
      await queryRunner.release();
    }
  }

  /** GTIDs of everything this node has executed. */
  async executedGtids(): Promise<string> {
    const queryRunner = await this.acquire();
    try {
      const [row]: { gtids: string }[] = await queryRunner.query('SELECT @@GLOBAL.gtid_executed AS gtids');
      return row!.gtids;
    } finally {
      await queryRunner.release();
    }
  }

  async close(): Promise<void> {
    await this.connecting?.catch(() => undefined); // its own caller has been told
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

function failureOf(error: unknown): PoolFailure {
  if (!isPoolExhausted(error)) return 'connection';
  return (error as Error).message === QUEUE_FULL ? 'full' : 'timeout';
}
