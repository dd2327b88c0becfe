import type { Socket } from 'node:net';
import { DataSource, type EntitySchema, type MixedList, type QueryRunner } from 'typeorm';
import mysql, { type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import type { Address } from '../../config/setting-types.js';
import { isPoolExhausted, POOL_TIMEOUT, QUEUE_FULL } from './mysql-errors.js';
import { MIGRATIONS } from './migrations/index.js';
import type { PoolFailure, PoolObserver } from './pool-observer.js';
import { StatementLogger } from './statement-logger.js';

/** Gives up on a node that does not accept a connection; a healthy one answers in a few milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Gives up on a pool that has no connection to spare: a client is better told to come back than left hanging. */
const ACQUIRE_TIMEOUT_MS = 1_500;
/**
 * Requests that may wait for each connection of a pool. Even on a busy machine a connection serves a hundred within the
 * time they wait; more would only time out later, so they are refused at once.
 */
const WAITING_PER_CONNECTION = 100;

/** A replica that keeps up needs about 2 ms; for one that does not, the primary is asked instead. */
const GTID_WAIT_SECONDS = 0.01;
/** How long a replica is not waited for again after it was waited for in vain: a request asks several times for the same. */
const LACKS_MS = 250;

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
  private rawPool?: Pool;
  private readonly connections = new Set<PoolConnection & { stream: Socket }>();
  /** Tells those who wait for a connection that they wait in vain. */
  private readonly waiting = new Set<(silent: Error) => void>();
  /** What was waited for last: a request asks several times for the same. */
  private executed?: string;
  /** What was waited for in vain last, and until when that is not done again. */
  private lacked?: { gtids: string; untilMs: number };

  constructor(options: NodeOptions) {
    this.name = options.name;
    this.access = options.access;
    this.poolSize = options.poolSize;
    const setup = SESSION_SETUP[options.access];
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
      driver: { ...mysql, createPool: (pool: PoolOptions) => this.createPool(pool, setup) },
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
      await this.withPatience(connection);
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

  /** Waits until there is a connection, patience is at an end, or the server is found to be silent. */
  private async withPatience(connection: Promise<unknown>): Promise<void> {
    let giveUp!: (reason: Error) => void;
    const inVain = new Promise<never>((_, reject) => (giveUp = reject));
    const timer = setTimeout(
      () => giveUp(Object.assign(new Error(`no connection to ${this.name} became free`), { code: POOL_TIMEOUT })),
      ACQUIRE_TIMEOUT_MS,
    );
    this.waiting.add(giveUp);
    try {
      await Promise.race([connection, inVain]);
    } finally {
      clearTimeout(timer);
      this.waiting.delete(giveUp);
    }
  }

  /** Ends every connection, so that whatever a frozen server will never answer fails now, and whoever waits for it too. */
  dropConnections(): void {
    const silent = new Error(`${this.name} does not answer`);
    for (const connection of this.connections) connection.stream.destroy(silent);
    for (const giveUp of this.waiting) giveUp(silent);
  }

  /** Connections of the pool: all, idle ones, and requests that wait for one. */
  get pool(): { all: number; idle: number; waiting: number } {
    const pool = this.rawPool as unknown as Record<'_allConnections' | '_freeConnections' | '_connectionQueue', Sized>;
    if (!this.rawPool) return { all: 0, idle: 0, waiting: 0 };
    return {
      all: pool._allConnections.length,
      idle: pool._freeConnections.length,
      waiting: pool._connectionQueue.length,
    };
  }

  /**
   * Whether this node has executed transactions of the primary, after waiting for them for a moment.
   *
   * @param gtids as the primary named them
   */
  async hasExecuted(gtids: string, queryRunner: QueryRunner): Promise<boolean> {
    if (this.executed === gtids) return true;
    if (await waitForGtids(queryRunner, gtids, GTID_WAIT_SECONDS)) {
      this.executed = gtids;
      return true;
    }
    this.lacked = { gtids, untilMs: performance.now() + LACKS_MS };
    return false;
  }

  /** Whether this node has just been waited for in vain for these transactions. */
  lacks(gtids: string): boolean {
    return this.lacked?.gtids === gtids && performance.now() < this.lacked.untilMs;
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

  private createPool(options: PoolOptions, setup: string): Pool {
    const pool = mysql.createPool(options);
    pool.on('connection', (connection: PoolConnection) => {
      const open = connection as PoolConnection & { stream: Socket };
      this.connections.add(open);
      open.stream.once('close', () => this.connections.delete(open));
      // Queued before anything the borrower sends, so no statement can run ahead of it.
      connection.query(setup, (error) => {
        if (error) connection.destroy();
      });
    });
    this.rawPool = pool;
    return pool;
  }

  async close(): Promise<void> {
    await this.connecting?.catch(() => undefined); // its own caller has been told
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

/** What every new connection is told first. In UTC, so that no setting of a server shifts what SQL says about times. */
const SESSION_SETUP = {
  // Once a connection, so that a write fails at once on whatever node it is, and no read needs a BEGIN.
  // Reads wait for nobody's rows, but behind the change of a table that waits for a long transaction; then another node
  // may answer.
  read: "SET SESSION transaction_read_only = ON, lock_wait_timeout = 1, time_zone = '+00:00'",
  // The answer to a COMMIT then carries its GTID; see OwnWrites.
  // Who waits longer than 2 s for a row, three times, is in a jam; MySQL's 50 s would hold a connection and a client all the while, and
  // its year for a table that somebody changes by hand even more so.
  write: `SET SESSION session_track_gtids = 'OWN_GTID', innodb_lock_wait_timeout = 2, lock_wait_timeout = 5,
    time_zone = '+00:00'`,
};

function failureOf(error: unknown): PoolFailure {
  if (!isPoolExhausted(error)) return 'connection';
  return (error as Error).message === QUEUE_FULL ? 'full' : 'timeout';
}

/** @returns whether they came in time */
async function waitForGtids(queryRunner: QueryRunner, gtids: string, seconds: number): Promise<boolean> {
  const [row]: { timedOut: number }[] = await queryRunner.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS timedOut', [
    gtids,
    seconds,
  ]);
  return Number(row!.timedOut) === 0;
}

/** mysql2's own queues, which its types hide. */
interface Sized {
  length: number;
}
