import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Optional } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DatabaseNodes } from './database-nodes.js';
import { OwnWrites } from './own-writes.js';
import { ReadTransactions } from './read-transactions.js';
import { type Scope, type Scopes, type TransactionOptions, TransactionUsageError } from './transaction-scope.js';
import { WriteTransactions } from './write-transactions.js';

/**
 * Opens transactions and hands the current one to repositories. The `@Transactional()` decorator is a thin shell over it.
 *
 * A scope follows the asynchronous calls of the work it runs (`AsyncLocalStorage`), nested scopes join the outer one,
 * and a scope borrows a connection only for its first statement.
 */
@Injectable()
export class TransactionHost {
  private readonly scopes: Scopes = new AsyncLocalStorage<Scope>();
  private readonly reads: ReadTransactions;
  private readonly writes: WriteTransactions;

  constructor(nodes: DatabaseNodes, @Optional() ownWrites?: OwnWrites) {
    this.reads = new ReadTransactions(nodes, this.scopes, ownWrites);
    this.writes = new WriteTransactions(nodes, this.scopes, ownWrites);
  }

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
    const { readOnly = false, fresh = false, current = false, certain = false, everywhere = false } = options;
    const outer = this.scopes.getStore();
    if (outer && !readOnly && outer.readOnly) {
      throw new TransactionUsageError('a write transaction was asked for inside a read-only one');
    }
    // A replica cannot answer a fresh read, so that one gets a scope of its own beside the outer one.
    if (outer && (!fresh || (outer.fresh && (!certain || outer.certain)))) return work();
    return readOnly ? this.reads.run({ fresh, current, certain }, work) : this.writes.run(everywhere, work);
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
}
