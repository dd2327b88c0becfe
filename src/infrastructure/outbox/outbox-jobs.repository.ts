import type { Id } from '../../common/id.js';
import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';
import type { Lane } from './outbox-lanes.js';

/** Unfinished jobs of one lane and type. */
export interface JobGroup {
  lane: Lane;
  type: string;
  jobs: number;
  /** When the one with the lowest id was stored: about the oldest. */
  oldest: Date;
}

/** A job as an operator sees it. */
export interface JobSummary {
  id: Id;
  type: string;
  lane: Lane;
  attempts: number;
  strikes: number;
  availableAt: Date;
  createdAt: Date;
  lastError: string | null;
  /** Whether a worker has it. */
  leased: boolean;
}

export interface JobDetails extends JobSummary {
  state: 'pending' | 'finished';
  payload: unknown;
  progress: string | null;
  failures: number;
  losses: number;
  finishedAt: Date | null;
}

const SUMMARY = `id, type, lane, attempts, strikes, available_at AS availableAt, created_at AS createdAt,
  last_error AS lastError, lease_token AS leaseToken`;

type Stored<Job> = Omit<Job, 'leased'> & { leaseToken: Buffer | null };

/** What operators see of jobs, and do with them. Lists go by lane, type and id, the order of their index. */
@Repository()
export class OutboxJobsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** How many jobs wait, by lane and type. Reads an index entry for every waiting job: 100,000 take about 20 ms. */
  async groups(): Promise<JobGroup[]> {
    const rows: (Omit<JobGroup, 'jobs'> & { jobs: string })[] = await this.transactions.manager.query(
      `SELECT waiting.lane, waiting.type, waiting.jobs, first.created_at AS oldest
         FROM (SELECT lane, type, COUNT(*) AS jobs, MIN(id) AS id
                 FROM outbox_events FORCE INDEX (ix_outbox_type) WHERE state = 'pending' GROUP BY lane, type) AS waiting
         JOIN outbox_events AS first ON first.id = waiting.id`,
    );
    return rows
      .map((row) => ({ ...row, jobs: Number(row.jobs) }))
      .sort((a, b) => a.lane.localeCompare(b.lane) || a.type.localeCompare(b.type));
  }

  /** Unfinished jobs of one lane and type, by id. */
  async list({ lane, type }: Pick<JobGroup, 'lane' | 'type'>, afterId: Id, limit: number): Promise<JobSummary[]> {
    const rows: Stored<JobSummary>[] = await this.transactions.manager.query(
      `SELECT ${SUMMARY} FROM outbox_events FORCE INDEX (ix_outbox_type)
        WHERE state = 'pending' AND lane = ? AND type = ? AND id > ? ORDER BY id LIMIT ?`,
      [lane, type, afterId, limit],
    );
    return rows.map(withLease);
  }

  async byIds(ids: readonly Id[]): Promise<JobDetails[]> {
    const rows: Stored<JobDetails>[] = await this.transactions.manager.query(
      `SELECT ${SUMMARY}, state, payload, progress, failures, losses, finished_at AS finishedAt
         FROM outbox_events WHERE id IN (?)`,
      [ids],
    );
    return rows.map(withLease);
  }

  /** Makes jobs due that are parked or put off, as if nothing had failed. @returns how many; not those that a worker has */
  async retry(ids: readonly Id[], now: Date): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      `UPDATE outbox_events
          SET lane = IF(lane = 'parked', 'retry', lane), available_at = ?, failures = 0, strikes = 0, losses = 0
        WHERE id IN (?) AND state = 'pending' AND lease_token IS NULL`,
      [now, ids],
    );
    return result.affectedRows;
  }
}

const withLease = <Job>({ leaseToken, ...job }: Stored<Job>) => ({ ...job, leased: leaseToken !== null }) as Job;
