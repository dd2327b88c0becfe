import type { DatabaseNode } from './database-node.js';
import type { DatabaseNodes } from './database-nodes.js';
import { isConnectionError, isPoolExhausted, isTransactionConflict } from './mysql-errors.js';
import type { OwnWrites } from './own-writes.js';
import { primaryAnswers, primaryIsBack } from './primary-presence.js';
import { databaseUnavailable, type Scopes } from './transaction-scope.js';

/** Pools that a read waits for, 1.5 s each, before it is told to come back. */
const MAX_POOL_WAITS = 2;

/** As long as that, whatever it waits for: after it no further node is tried. */
const MAX_WAIT_MS = 3_000;

/** The node answers, but does not know the user's last write. */
const LAGS = Symbol('lags');

/** What a read asks of whoever answers it; see {@link TransactionOptions}. */
interface Freshness {
  fresh: boolean;
  current: boolean;
  certain: boolean;
}

/** Outermost reads: on a replica, or on whoever is as fresh as they ask for, and on another node when one fails. */
export class ReadTransactions {
  constructor(
    private readonly nodes: DatabaseNodes,
    private readonly scopes: Scopes,
    private readonly ownWrites?: OwnWrites,
  ) {}

  /**
   * Runs `work` on the first node that answers and knows the user's own writes.
   *
   * @throws AppError `DATABASE_UNAVAILABLE` when no node answers or has a connection to spare
   */
  async run<T>({ fresh, current, certain }: Freshness, work: () => Promise<T>): Promise<T> {
    // Looked up outside the scope it decides about.
    const gtids = fresh ? undefined : await this.scopes.exit(() => this.ownWrites?.required());
    let failure: unknown;
    let exhausted = 0;
    const begunMs = performance.now();
    for await (const node of fresh ? this.freshCandidates(certain) : this.nodes.readCandidates(current)) {
      try {
        const outcome = await this.attempt(node, fresh, gtids, work);
        if (outcome !== LAGS) return outcome;
      } catch (error) {
        // A lock conflict of a read: it waited behind the change of a table that waits for somebody itself.
        if (!isConnectionError(error) && !isTransactionConflict(error)) throw error;
        failure = error; // a read changes nothing, so it may run again on another node
        if (isPoolExhausted(error)) {
          // What is too much for two pools is too much for the next one, and a fresh read has no other pool.
          if (++exhausted === MAX_POOL_WAITS || (fresh && (await primaryAnswers(this.nodes)))) break;
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
    if (await primaryIsBack(this.nodes)) yield this.nodes.primaryReads;
  }

  /** @returns {@link LAGS}, without doing the work, when the node has not got the user's own writes yet */
  private async attempt<T>(
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
