import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../database/transactional.decorator.js';
import { untraced } from '../tracing/span.js';
import { LeaseLostError } from './outbox-handler.decorator.js';
import { OutboxLeaseRepository, type LeasedJob } from './outbox-lease.repository.js';

interface Waiting {
  job: LeasedJob;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Records that jobs are finished. Those that end while a commit is under way share the next one: a worker with small jobs
 * spends most of its time in commits otherwise. Nobody waits longer for it than for the commit before. There are at
 * most as many as a worker has places.
 */
@Injectable()
export class OutboxFinisher {
  private waiting: Waiting[] = [];
  private isWriting = false;

  constructor(
    private readonly repository: OutboxLeaseRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws LeaseLostError when another worker has taken the job over */
  finish(job: LeasedJob): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ job, resolve, reject });
      if (!this.isWriting) void untraced(() => this.write());
    });
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0);
      try {
        const finished = await this.commit(batch.map(({ job }) => job));
        for (const { job, resolve, reject } of batch) {
          if (finished.has(job.id)) resolve();
          else reject(new LeaseLostError(job));
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isWriting = false;
  }

  @Transactional()
  private async commit(jobs: readonly LeasedJob[]): Promise<Set<Id>> {
    return this.repository.finish(jobs, this.clock.now());
  }
}
