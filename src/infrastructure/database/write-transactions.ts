import { Logger } from '@nestjs/common';
import { LONGEST_TRANSACTION_MS } from '../../config/limits.js';
import type { DatabaseNode } from './database-node.js';
import type { DatabaseNodes } from './database-nodes.js';
import { isConnectionError, isServerReadOnly, isTransactionConflict } from './mysql-errors.js';
import type { OwnWrites } from './own-writes.js';
import { primaryIsBack } from './primary-presence.js';
import { commit, rollback } from './transaction-end.js';
import { databaseUnavailable, TransactionTooLongError, type Scope, type Scopes } from './transaction-scope.js';

/** Tries of a transaction that lost to another one or took too long; a fourth would mean what retrying does not cure. */
const MAX_TRIES = 3;

/** Outermost write transactions: on the primary, wherever it is, and again when they lost to another one. */
export class WriteTransactions {
  private readonly logger = new Logger(WriteTransactions.name);

  constructor(
    private readonly nodes: DatabaseNodes,
    private readonly scopes: Scopes,
    private readonly ownWrites?: OwnWrites,
  ) {}

  /**
   * Runs `work` in a transaction of its own, then what is to follow its commit.
   *
   * @param everywhere see {@link TransactionOptions}
   * @throws AppError `DATABASE_UNAVAILABLE` when there is no primary, it has no connection to spare, others kept winning, or it
   *   took too long again and again
   */
  async run<T>(everywhere: boolean, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      // Rather than wait for a server that is known to be silent.
      if (!this.nodes.primaryUp && !(await primaryIsBack(this.nodes))) {
        throw databaseUnavailable(new Error('there is no primary'));
      }
      const { primary } = this.nodes;
      try {
        return await this.attempt(primary, everywhere, work);
      } catch (error) {
        if (attempt < MAX_TRIES) {
          if (isToBeRepeated(error)) continue;
          // A server that takes no writes has rolled back whatever this was.
          if (isServerReadOnly(error) && (await this.primaryMovedFrom(primary))) continue;
        }
        const passing = isConnectionError(error) || isToBeRepeated(error) || isServerReadOnly(error);
        throw passing ? databaseUnavailable(error) : error;
      }
    }
  }

  private async primaryMovedFrom(before: DatabaseNode): Promise<boolean> {
    await this.nodes.recheck();
    return this.nodes.primary !== before;
  }

  private async attempt<T>(primary: DatabaseNode, everywhere: boolean, work: () => Promise<T>): Promise<T> {
    const queryRunner = await primary.acquire();
    const scope: Scope = { readOnly: false, fresh: true, certain: true, queryRunner, afterCommit: [] };
    let result: T;
    let gtid: string | undefined;
    try {
      const begunMs = performance.now();
      await queryRunner.startTransaction();
      result = await this.scopes.run(scope, work);
      const tookMs = performance.now() - begunMs;
      if (tookMs > LONGEST_TRANSACTION_MS) throw new TransactionTooLongError(tookMs);
      gtid = await commit(queryRunner);
    } catch (error) {
      await rollback(queryRunner);
      throw error;
    } finally {
      await queryRunner.release();
    }
    // Outside the scope: a hook that touches the database opens a transaction of its own.
    await this.scopes.exit(async () => {
      await (gtid === undefined ? this.ownWrites?.noteUnchanged() : this.ownWrites?.note(gtid));
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
}

const isToBeRepeated = (error: unknown): boolean =>
  isTransactionConflict(error) || error instanceof TransactionTooLongError;
