import type { Id } from '../../common/id.js';
import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';
import type { Lane } from './outbox-lanes.js';

/** A job as a worker holds it. The counts are those of `Ordeal`. */
export interface LeasedJob {
  id: Id;
  type: string;
  payload: unknown;
  progress: string | null;
  lane: Lane;
  /** This try included. */
  attempts: number;
  /** Whether Redis may have lost what it did before; see {@link OutboxReplayRepository}. */
  isReplay: boolean;
  failures: number;
  strikes: number;
  losses: number;
  createdAt: Date;
  /** The trace in which it was stored. */
  traceparent: string | null;
  leaseToken: Buffer;
}

/** Which jobs somebody wants. */
export interface Wish {
  lane: Lane;
  /** Only those that have been due since then. */
  dueFrom?: Date;
  limit: number;
}

/** Longest error text that is kept with a job, in characters. */
const MAX_ERROR_LENGTH = 500;
/** A parked job is due never, for workers too that do not know of lanes. */
const NEVER = new Date('9999-12-31T00:00:00Z');
/** Left to choose, MySQL would walk all jobs of a lane by another index, thousands that are put off included. */
const BY_LANE = 'outbox_events FORCE INDEX (ix_outbox_lane)';
const BEFORE_ALL = new Date(0);

/** What workers do with jobs. Every update of a leased job is fenced by its lease token. */
@Repository()
export class OutboxLeaseRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Those of `lanes` in which something is due, by one look into the index each, whatever waits there. */
  async dueLanes(lanes: readonly Lane[], now: Date): Promise<Set<Lane>> {
    const look = (lane: Lane): string =>
      `EXISTS (SELECT 1 FROM ${BY_LANE} WHERE state = 'pending' AND lane = ? AND available_at <= ?) AS \`${lane}\``;
    const [found]: Record<Lane, string>[] = await this.transactions.manager.query(
      `SELECT ${lanes.map(look).join(', ')}`,
      lanes.flatMap((lane) => [lane, now]),
    );
    return new Set(lanes.filter((lane) => Number(found![lane]) === 1));
  }

  /** Due jobs, the longest due first, without those that another worker is taking; see {@link hold}. */
  async pick({ lane, dueFrom = BEFORE_ALL, limit }: Wish, now: Date): Promise<Omit<LeasedJob, 'leaseToken'>[]> {
    type Row = Omit<LeasedJob, 'leaseToken' | 'isReplay'> & { leaseToken: Buffer | null; finishedAt: Date | null };
    const rows: Row[] = await this.transactions.manager.query(
      `SELECT id, type, payload, progress, lane, attempts, failures, strikes, losses, created_at AS createdAt, traceparent,
              lease_token AS leaseToken, finished_at AS finishedAt
         FROM ${BY_LANE}
        WHERE state = 'pending' AND lane = ? AND available_at >= ? AND available_at <= ?
        ORDER BY available_at
        LIMIT ? FOR UPDATE SKIP LOCKED`,
      [lane, dueFrom, now, limit],
    );
    // A lease that ran out is one whose worker has vanished.
    return rows.map(({ leaseToken, finishedAt, ...row }) => ({
      ...row,
      attempts: row.attempts + 1,
      isReplay: finishedAt !== null,
      losses: row.losses + (leaseToken === null ? 0 : 1),
    }));
  }

  /** Leases picked jobs, in the same transaction. @param leaseUntil when another worker may take them over */
  async hold(ids: readonly Id[], leaseToken: Buffer, leaseUntil: Date): Promise<void> {
    await this.transactions.manager.query(
      `UPDATE outbox_events
          SET losses = losses + (lease_token IS NOT NULL), lease_token = ?, available_at = ?, attempts = attempts + 1
        WHERE id IN (?)`,
      [leaseToken, leaseUntil, ids],
    );
  }

  /**
   * Saves how far a job has come and extends its lease. What it went through is forgotten when it came further.
   *
   * @returns whether the lease was still held
   */
  saveProgress(job: LeasedJob, progress: string, leaseUntil: Date): Promise<boolean> {
    return this.updateLeased(
      job,
      `failures = IF(progress <=> ?, failures, 0), strikes = IF(progress <=> ?, strikes, 0),
       losses = IF(progress <=> ?, losses, 0), progress = ?, available_at = ?`,
      [progress, progress, progress, progress, leaseUntil],
    );
  }

  /** Finishes jobs whose lease is still held. @returns their ids */
  async finish(jobs: readonly LeasedJob[], now: Date): Promise<Set<Id>> {
    const { manager } = this.transactions;
    const rows: { id: Id }[] = await manager.query(
      `SELECT id FROM outbox_events
        WHERE id IN (?) AND (id, lease_token) IN (?) AND state = 'pending' FOR UPDATE`,
      [jobs.map(({ id }) => id), jobs.map(({ id, leaseToken }) => [id, leaseToken])],
    );
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return new Set();
    await manager.query(
      `UPDATE outbox_events SET state = 'finished', finished_at = ?, lease_token = NULL, last_error = NULL
        WHERE id IN (?)`,
      [now, ids],
    );
    return new Set(ids);
  }

  /** Puts off a job that failed. @returns whether the lease was still held */
  putOff(job: LeasedJob, lane: Lane, availableAt: Date, error: string, strike: boolean): Promise<boolean> {
    return this.updateLeased(
      job,
      `lane = ?, available_at = ?, lease_token = NULL, last_error = ?, failures = failures + 1, strikes = strikes + ?`,
      [lane, availableAt, error.slice(0, MAX_ERROR_LENGTH), strike ? 1 : 0],
    );
  }

  /** Puts a job where no worker takes it. @returns whether the lease was still held */
  park(job: LeasedJob, error: string): Promise<boolean> {
    return this.updateLeased(job, `lane = 'parked', available_at = ?, lease_token = NULL, last_error = ?`, [
      NEVER,
      error.slice(0, MAX_ERROR_LENGTH),
    ]);
  }

  /** Gives back a job that goes on at once, elsewhere. @returns whether the lease was still held */
  handOver(job: LeasedJob, availableAt: Date): Promise<boolean> {
    return this.updateLeased(job, 'available_at = ?, lease_token = NULL, last_error = NULL', [availableAt]);
  }

  /**
   * Gives back a job that has saved all that it has done: nothing of what is left was tried before.
   *
   * @returns whether the lease was still held
   */
  pause(job: LeasedJob, lane: Lane, availableAt: Date): Promise<boolean> {
    return this.updateLeased(job, 'lane = ?, available_at = ?, lease_token = NULL, last_error = NULL, attempts = 0', [
      lane,
      availableAt,
    ]);
  }

  private async updateLeased(job: LeasedJob, assignments: string, values: unknown[]): Promise<boolean> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      `UPDATE outbox_events SET ${assignments} WHERE id = ? AND lease_token = ? AND state = 'pending'`,
      [...values, job.id, job.leaseToken],
    );
    return result.affectedRows === 1;
  }
}
