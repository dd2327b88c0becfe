import { setTimeout as delay } from 'node:timers/promises';
import { MigrationExecutor, QueryFailedError, type QueryRunner } from 'typeorm';
import type { DatabaseNode } from './database-node.js';
import { isTransactionConflict } from './mysql-errors.js';
import { whyNotOnline } from './online-ddl.js';

/**
 * A change of a table waits behind the transactions that use it, and every later statement on that table waits behind
 * the change; with MySQL's own limit of a year, one forgotten transaction stops the service. This is the least there is.
 */
const LOCK_WAIT_SECONDS = 1;
/** With the pause, two minutes: a transaction that takes longer is for a person to look at. */
const MAX_TRIES = 24;
/** Four times the wait, so that what has queued up gets through and the table serves at least four fifths of the time. */
const PAUSE_MS = 4_000;
/** How long a second deployment waits for the first, in steps that are told; an index over everything takes its time. */
const TURN_SECONDS = 10;
const MAX_TURNS = 60;
/** What a replica gets to apply what the primary has; one that needs longer is named. */
const REPLICA_SECONDS = 60;

export interface MigratorOptions {
  /** For a lock. */
  maxTries?: number;
  /** Between two tries. */
  pauseMs?: number;
  /** Told what happens, a line each. */
  report?: (line: string) => void;
}

/** A migration wants what would block the service. */
export class BlockingMigrationError extends Error {
  override name = 'BlockingMigrationError';
}

/**
 * Runs migrations while the service runs: one migrator at a time, on one connection, which never makes others wait
 * for longer than a second.
 */
export class Migrator {
  private readonly maxTries: number;
  private readonly pauseMs: number;
  private readonly report: (line: string) => void;

  constructor(
    private readonly node: DatabaseNode,
    { maxTries = MAX_TRIES, pauseMs = PAUSE_MS, report = () => undefined }: MigratorOptions = {},
  ) {
    this.maxTries = maxTries;
    this.pauseMs = pauseMs;
    this.report = report;
  }

  /** Brings the schema up to date. @returns the names of the migrations that were missing */
  up(): Promise<string[]> {
    return this.alone(async (executor) => {
      const applied = await executor.executePendingMigrations();
      return applied.map(({ name }) => name);
    });
  }

  /** Takes the last migration back. @returns its name; none when there is none */
  revertLast(): Promise<string | undefined> {
    return this.alone(async (executor) => {
      const [last] = await executor.getExecutedMigrations();
      await executor.undoLastMigration();
      return last?.name;
    });
  }

  /**
   * Waits until replicas have what the primary has: code that reads a new column on one that has not got it yet fails.
   * A replica that does not get there is reported and left behind; it must not hold a deployment up.
   */
  async untilOn(replicas: readonly DatabaseNode[]): Promise<void> {
    const gtids = await this.node.executedGtids();
    for (const replica of replicas) {
      const arrived = await replica.waitFor(gtids, REPLICA_SECONDS).catch(() => false);
      if (!arrived) this.report(`${replica.name} does not have the schema yet: reads of what is new fail there`);
    }
  }

  /**
   * Runs `work` under a lock that another migrator of the same schema waits for. The lock belongs to the connection that
   * migrates, so it cannot be lost while the migration goes on.
   */
  private async alone<T>(work: (executor: MigrationExecutor) => Promise<T>): Promise<T> {
    const queryRunner = await this.node.acquire();
    try {
      await this.takeTurn(queryRunner);
      try {
        await queryRunner.query(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
        const executor = new MigrationExecutor(queryRunner.dataSource, this.guarded(queryRunner));
        // MySQL commits every DDL statement by itself; a transaction around them would promise what it cannot do.
        executor.transaction = 'none';
        return await work(executor);
      } finally {
        // A connection that is gone has given it back already.
        await queryRunner.query(`DO RELEASE_LOCK(${TURN})`).catch(() => undefined);
      }
    } finally {
      await queryRunner.release();
    }
  }

  private async takeTurn(queryRunner: QueryRunner): Promise<void> {
    for (let turn = 1; turn <= MAX_TURNS; turn++) {
      const [row]: { mine: string | null }[] = await queryRunner.query(
        `SELECT GET_LOCK(${TURN}, ${TURN_SECONDS}) AS mine`,
      );
      if (Number(row!.mine) === 1) return;
      this.report('another migrator is at work; waiting for it');
    }
    throw new Error(`another migrator has been at work for ${MAX_TURNS * TURN_SECONDS} s`);
  }

  /** The same query runner, which now refuses what blocks, and tries again when a lock did not come. */
  private guarded(queryRunner: QueryRunner): QueryRunner {
    const send = queryRunner.query.bind(queryRunner) as (...args: unknown[]) => Promise<unknown>;
    const query = async (sql: string, ...rest: unknown[]): Promise<unknown> => {
      const reason = whyNotOnline(sql);
      if (reason !== undefined) throw new BlockingMigrationError(`${reason}: ${sql}`);
      for (let attempt = 1; ; attempt++) {
        try {
          return await send(sql, ...rest);
        } catch (error) {
          if (alreadyDone(error)) {
            this.report(`done before, by a run that was interrupted: ${sql}`);
            return undefined;
          }
          // Within a transaction MySQL may have rolled back what came before.
          if (!isTransactionConflict(error) || queryRunner.isTransactionActive) throw error;
          if (attempt === this.maxTries) throw new Error(`${HELD} (${attempt} tries): ${sql}`, { cause: error });
          this.report(`a lock did not come within ${LOCK_WAIT_SECONDS} s (try ${attempt}): ${sql}`);
        }
        await delay(this.pauseMs);
      }
    };
    return Object.assign(queryRunner, { query });
  }
}

/** Name of the lock: locks are the server's, so it names the schema; they have at most 64 characters. */
const TURN = "CONCAT('migrations:', LEFT(DATABASE(), 53))";

const HELD = 'a transaction keeps the table, performance_schema.metadata_locks tells which';

/** Errors of a change that was made before: the column is there, the index is there, what is to be dropped is not. */
const DONE_BEFORE = new Set([1060, 1061, 1091]);

function alreadyDone(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  return DONE_BEFORE.has((error.driverError as { errno?: number }).errno ?? 0);
}
