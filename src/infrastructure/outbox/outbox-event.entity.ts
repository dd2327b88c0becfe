import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Id } from '../../common/id.js';
import { LANES, type Lane } from './outbox-lanes.js';

/** A job that must happen after a commit, stored in the same commit. */
@Entity('outbox_events')
export class OutboxEventEntity {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id: Id;

  @Column({ type: 'varchar' })
  type: string;

  @Column({ type: 'json' })
  payload: unknown;

  /** How far a long job has come, in the handler's own terms. */
  @Column({ type: 'varchar', nullable: true })
  progress: string | null;

  @Column({ type: 'enum', enum: ['pending', 'finished'] })
  state: 'pending' | 'finished';

  @Column({ type: 'enum', enum: LANES })
  lane: Lane;

  /** When the job is due; while leased, when the lease ends. */
  @Column({ name: 'available_at', type: 'datetime', precision: 3 })
  availableAt: Date;

  /** Whose lease it is; every update by a worker carries it, so that one that lost its lease changes nothing. */
  @Column({ name: 'lease_token', type: 'binary', length: 16, nullable: true })
  leaseToken: Buffer | null;

  /** Leases since it was last given back with all saved that it had done. */
  @Column({ type: 'int', unsigned: true })
  attempts: number;

  /** Tries that failed in a row since the job last came further. */
  @Column({ type: 'int', unsigned: true })
  failures: number;

  /** Those of them that were its own fault; the last one parks it. */
  @Column({ type: 'int', unsigned: true })
  strikes: number;

  /** Workers that vanished with it since it last came further. */
  @Column({ type: 'int', unsigned: true })
  losses: number;

  @Column({ name: 'last_error', type: 'varchar', nullable: true })
  lastError: string | null;

  /** The trace in which it was stored, as the header of that name has it; there is none while tracing is off. */
  @Column({ type: 'varchar', nullable: true })
  traceparent: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  /** When it was finished last; of a pending one, that it is replayed. */
  @Column({ name: 'finished_at', type: 'datetime', precision: 3, nullable: true })
  finishedAt: Date | null;
}
