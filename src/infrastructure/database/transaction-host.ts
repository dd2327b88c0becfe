import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, Optional } from '@nestjs/common';
import type { EntityManager, QueryRunner } from 'typeorm';
import { AppError } from '../../common/app-error.js';
import { DatabaseNodes } from './database-nodes.js';
import type { DatabaseNode } from './database-node.js';
import { isConnectionError, isPoolExhausted, isServerReadOnly, isTransactionConflict } from './mysql-errors.js';
import { OwnWrites } from './own-writes.js';
import { commit, rollback } from './transaction-end.js';

/** Tries of a transaction that lost to another one; a fourth would mean contention that retrying does not cure. */
const MAX_TRIES = 3;

/** Pools that a read waits for, 1.5 s each, before it is told to come back. */
const MAX_POOL_WAITS = 2;

/** As long as that, whatever it waits for: after it no further node is tried. */
const MAX_WAIT_MS = 3_000;

/** How long a primary that was away may take to show that it is back; one that is silent still would take a second. */
const BACK_WITHIN_MS = 250;

export interface TransactionOptions {
  /** Runs on a replica and refuses writes. Default `false`: a transaction on the primary. */
  readOnly?: boolean;
  /**
   * Only with `readOnly`: reads the primary, for what a lagging replica must not decide; while the primary is away, a
   * replica that has applied all it received.
   */
  fresh?: boolean;
  /** Only with `fresh`: no replica stands in for the primary, and the call fails while that is away. */
  certain?: boolean;
  /**
   * Only for writes that everybody must see at once, such as deletions: waits after the commit, for a tenth of a second
   * at most, until the replicas that serve reads have it too.
   */
  everywhere?: boolean;
}

interface Scope {
  readOnly: boolean;
  fresh: boolean;
  /** Whether it is the primary that answers. */
  certain: boolean;
  queryRunner: QueryRunner;
  afterCommit: (() => void | Promise<void>)[];
}

/** What a read asks of whoever answers it; see {@link TransactionOptions}. */
interface Freshness {
  fresh: boolean;
  certain: boolean;
}

/** A programming error in the use of transactions; never the client's fault. */
export class TransactionUsageError extends Error {
  override name = 'TransactionUsageError';
}

export const databaseUnavailable = (cause: unknown): AppError =>
  new AppError('DATABASE_UNAVAILABLE', 'The database cannot be reached at the moment. Try again shortly.', {
    cause,
    retryAfterSeconds: 2,
  });

/**
 * Opens transactions and hands the current one to repositories. The `@Transactional()` decorator is a thin shell over it.
 *
 * A scope follows the asynchronous calls of the work it runs (`AsyncLocalStorage`), nested scopes join the outer one,
 * and a scope borrows a connection only for its first statement.
 */
@Injectable()
export class TransactionHost {
  private readonly logger = new Logger(TransactionHost.name);
  private readonly scopes = new AsyncLocalStorage<Scope>();

  constructor(
    private readonly nodes: DatabaseNodes,
    @Optional() private readonly ownWrites?: OwnWrites,
  ) {}

  /**
   * Runs `work` in a transaction, or joins the one that is open.
   *
   * A transaction that loses a deadlock or a lock wait is run again from the start, at the outermost level only, so
   * `work` must not have effects outside the database; those belong into {@link afterCommit}.
   *
   * @throws TransactionUsageError for a write transaction inside a read-only one
   * @throws AppError `DATABASE_UNAVAILABLE` when no node answers or has a connection to spare, or when others kept winning
   */
  async run<T>(options: TransactionOptions, work: () => Promise<T>): Promise<T> {
    const { readOnly = false, fresh = false, certain = false, everywhere = false } = options;
    const outer = this.scopes.getStore();
    if (outer && !readOnly && outer.readOnly) {
      throw new TransactionUsageError('a write transaction was asked for inside a read-only one');
    }
    // A replica cannot answer a fresh read, so that one gets a scope of its own beside the outer one.
    if (outer && (!fresh || (outer.fresh && (!certain || outer.certain)))) return work();
    return readOnly ? this.runReadOnly({ fresh, certain }, work) : this.runReadWrite(everywhere, work);
  }

  /**
   * The entity manager of the open transaction.
   *
   * @throws TransactionUsageError outside any transaction, so that a forgotten decorator shows in the first test
   */
  get manager(): EntityManager {
    return this.current().queryRunner.manager;
  }

  /** Whether a write transaction is open: what it reads is not committed and must not be shown to others. */
  get isWriting(): boolean {
    return this.scopes.getStore()?.readOnly === false;
  }

  /**
   * Whether the open transaction is one of the primary. A replica that stands in for it has all that any replica has heard
   * of, and perhaps not all that was acknowledged: what is for good must not be decided by it.
   */
  get isCertain(): boolean {
    return this.current().certain;
  }

  /** Runs `hook` once the outermost transaction has committed, and never if it rolls back. Its failure is only logged. */
  afterCommit(hook: () => void | Promise<void>): void {
    const scope = this.current();
    if (scope.readOnly) throw new TransactionUsageError('afterCommit() was called in a read-only transaction');
    scope.afterCommit.push(hook);
  }

  private current(): Scope {
    const scope = this.scopes.getStore();
    if (!scope) throw new TransactionUsageError('a repository was used outside a transaction: add @Transactional()');
    return scope;
  }

  private async runReadWrite<T>(everywhere: boolean, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      // Rather than wait for a server that is known to be silent.
      if (!this.nodes.primaryUp && !(await this.primaryIsBack())) {
        throw databaseUnavailable(new Error('there is no primary'));
      }
      const { primary } = this.nodes;
      try {
        return await this.attemptReadWrite(primary, everywhere, work);
      } catch (error) {
        if (attempt < MAX_TRIES) {
          if (isTransactionConflict(error)) continue;
          // A server that takes no writes has rolled back whatever this was.
          if (isServerReadOnly(error) && (await this.primaryMovedFrom(primary))) continue;
        }
        const passing = isConnectionError(error) || isTransactionConflict(error) || isServerReadOnly(error);
        throw passing ? databaseUnavailable(error) : error;
      }
    }
  }

  /** Looks whether what is wrong with the primary is more than that it has much to do. */
  private async primaryAnswers(): Promise<boolean> {
    await this.nodes.recheck();
    return this.nodes.primaryUp;
  }

  /** Looks whether the primary has just come back: then it answers at once. */
  private async primaryIsBack(): Promise<boolean> {
    await Promise.race([this.nodes.recheck(), delay(BACK_WITHIN_MS)]);
    return this.nodes.primaryUp;
  }

  private async primaryMovedFrom(before: DatabaseNode): Promise<boolean> {
    await this.nodes.recheck();
    return this.nodes.primary !== before;
  }

  private async attemptReadWrite<T>(primary: DatabaseNode, everywhere: boolean, work: () => Promise<T>): Promise<T> {
    const queryRunner = await primary.acquire();
    const scope: Scope = { readOnly: false, fresh: true, certain: true, queryRunner, afterCommit: [] };
    let result: T;
    let gtid: string | undefined;
    try {
      await queryRunner.startTransaction();
      result = await this.scopes.run(scope, work);
      gtid = await commit(queryRunner);
    } catch (error) {
      await rollback(queryRunner);
      throw error;
    } finally {
      await queryRunner.release();
    }
    // Outside the scope: a hook that touches the database opens a transaction of its own.
    await this.scopes.exit(async () => {
      if (gtid !== undefined) await this.ownWrites?.note(gtid);
      if (gtid !== undefined && everywhere) await this.nodes.untilReplicated(gtid);
      await this.runHooks(scope.afterCommit);
    });
    return result;
  }

  /** Never throws: what is committed must not be reported as failed, and even less be done again. */
  private async runHooks(hooks: Scope['afterCommit']): Promise<void> {
    for (const hook of hooks) {
      try {
        await hook();
      } catch (error) {
        this.logger.error(error, 'what was to follow a commit failed');
      }
    }
  }

  private async runReadOnly<T>({ fresh, certain }: Freshness, work: () => Promise<T>): Promise<T> {
    // Looked up outside the scope it decides about.
    const gtids = fresh ? undefined : await this.scopes.exit(() => this.ownWrites?.required());
    let failure: unknown;
    let exhausted = 0;
    const begunMs = performance.now();
    for await (const node of fresh ? this.freshCandidates(certain) : this.nodes.readCandidates()) {
      try {
        const outcome = await this.attemptReadOnly(node, fresh, gtids, work);
        if (outcome !== LAGS) return outcome;
      } catch (error) {
        // A lock conflict of a read: it waited behind the change of a table that waits for somebody itself.
        if (!isConnectionError(error) && !isTransactionConflict(error)) throw error;
        failure = error; // a read changes nothing, so it may run again on another node
        if (isPoolExhausted(error)) {
          // What is too much for two pools is too much for the next one, and a fresh read has no other pool.
          if (++exhausted === MAX_POOL_WAITS || (fresh && (await this.primaryAnswers()))) break;
        } else if (isConnectionError(error)) {
          node.healthy = false; // until the monitor finds it well again
        }
        if (performance.now() - begunMs > MAX_WAIT_MS) break;
      }
    }
    throw databaseUnavailable(failure);
  }

  /** The primary, and when it is away the replicas that have all it ever told them: nobody can know more now. */
  private async *freshCandidates(certain: boolean): AsyncGenerator<DatabaseNode> {
    if (this.nodes.primaryUp) {
      yield this.nodes.primaryReads;
      await this.nodes.recheck();
      // A look that was under way may have begun before the primary went.
      if (this.nodes.primaryUp) await this.nodes.recheck();
      if (this.nodes.primaryUp) return yield this.nodes.primaryReads;
    }
    if (!certain) yield* this.nodes.standIns();
    if (await this.primaryIsBack()) yield this.nodes.primaryReads;
  }

  /** @returns {@link LAGS}, without doing the work, when the node has not got the user's own writes yet */
  private async attemptReadOnly<T>(
    node: DatabaseNode,
    fresh: boolean,
    gtids: string | undefined,
    work: () => Promise<T>,
  ): Promise<T | typeof LAGS> {
    const mayLag = gtids !== undefined && node !== this.nodes.primaryReads;
    if (mayLag && node.lacks(gtids)) return LAGS;
    const queryRunner = await node.acquire();
    try {
      if (mayLag && !(await node.hasExecuted(gtids, queryRunner))) return LAGS;
      const certain = fresh && node === this.nodes.primaryReads;
      return await this.scopes.run({ readOnly: true, fresh, certain, queryRunner, afterCommit: [] }, work);
    } finally {
      await queryRunner.release();
    }
  }
}

/** The node answers, but does not know the user's last write. */
const LAGS = Symbol('lags');
