import type { AsyncLocalStorage } from 'node:async_hooks';
import type { QueryRunner } from 'typeorm';
import { AppError } from '../../common/app-error.js';

export interface TransactionOptions {
  /** Runs on a replica and refuses writes. Default `false`: a transaction on the primary. */
  readOnly?: boolean;
  /**
   * Only with `readOnly`: reads the primary, for what a lagging replica must not decide; while the primary is away, a
   * replica that has applied all it received.
   */
  fresh?: boolean;
  /**
   * Only with `readOnly`: of replicas those that keep up only, for what is to be remembered. Without it one that lags however far
   * answers rather than nobody.
   */
  current?: boolean;
  /** Only with `fresh`: no replica stands in for the primary, and the call fails while that is away. */
  certain?: boolean;
  /**
   * Only for writes that everybody must see at once, such as deletions: waits after the commit, for a tenth of a second
   * at most, until the replicas that serve reads have it too.
   */
  everywhere?: boolean;
}

/** An open transaction. */
export interface Scope {
  readOnly: boolean;
  fresh: boolean;
  /** Whether it is the primary that answers. */
  certain: boolean;
  queryRunner: QueryRunner;
  afterCommit: (() => void | Promise<void>)[];
}

/** The scope of the calls that are under way. */
export type Scopes = AsyncLocalStorage<Scope>;

/** A programming error in the use of transactions; never the client's fault. */
export class TransactionUsageError extends Error {
  override name = 'TransactionUsageError';
}

/** Thrown in the place of a commit; see `LONGEST_TRANSACTION_MS`. */
export class TransactionTooLongError extends Error {
  override name = 'TransactionTooLongError';

  constructor(tookMs: number) {
    super(`the transaction took ${Math.round(tookMs)} ms and was rolled back`);
  }
}

export const databaseUnavailable = (cause: unknown): AppError =>
  new AppError('DATABASE_UNAVAILABLE', 'The database cannot be reached at the moment. Try again shortly.', {
    cause,
    retryAfterSeconds: 2,
  });

export const isDatabaseUnavailable = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'DATABASE_UNAVAILABLE';
