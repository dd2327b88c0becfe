import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { compareIds, type Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import {
  OutboxJobsRepository,
  type JobDetails,
  type JobGroup,
  type JobSummary,
} from '../../infrastructure/outbox/outbox-jobs.repository.js';
import type { ListOptions } from './outbox-options.js';

/** Jobs of one transaction, so that none holds up the workers. */
const BATCH = 500;
const BEFORE_ALL: Id = '0';

export interface JobPage {
  groups: JobGroup[];
  jobs: JobSummary[];
  /** Whether there may be more after the last one. */
  isFull: boolean;
}

/** What an operator does with the outbox. */
@Injectable()
export class OutboxOperator {
  constructor(
    private readonly repository: OutboxJobsRepository,
    private readonly clock: Clock,
  ) {}

  /** A page of unfinished jobs, by lane, type and id. */
  async list({ parked, type, limit, after }: ListOptions): Promise<JobPage> {
    const groups = (await this.groups()).filter(
      (group) => (!parked || group.lane === 'parked') && (type === undefined || group.type === type),
    );
    const jobs: JobSummary[] = [];
    for (const group of groups) {
      const order = after ? group.lane.localeCompare(after.lane) || group.type.localeCompare(after.type) : 1;
      if (order < 0) continue;
      jobs.push(...(await this.page(group, order === 0 ? after!.id : BEFORE_ALL, limit - jobs.length)));
      if (jobs.length === limit) return { groups, jobs, isFull: true };
    }
    return { groups, jobs, isFull: false };
  }

  async show(id: Id): Promise<JobDetails | undefined> {
    return (await this.byIds([id]))[0];
  }

  /** Makes jobs due. @returns how many, and what the others are */
  async retry(ids: readonly Id[]): Promise<{ retried: number; others: string[] }> {
    const found = new Map((await this.byIds(ids)).map((job) => [job.id, job]));
    const others: string[] = [];
    const waiting: Id[] = [];
    for (const id of ids) {
      const job = found.get(id);
      if (!job) others.push(`there is no job ${id}; finished ones are removed after a while`);
      else if (job.state === 'finished') others.push(`job ${id} is finished`);
      else if (job.leased) others.push(`job ${id} is with a worker already`);
      else waiting.push(id);
    }
    return { retried: waiting.length === 0 ? 0 : await this.makeDue(waiting), others };
  }

  /** Makes all parked jobs due, batch by batch. @param onProgress told how many so far */
  async retryParked(type: string | undefined, onProgress: (retried: number) => void): Promise<number> {
    let retried = 0;
    for (const group of await this.groups()) {
      if (group.lane !== 'parked' || (type !== undefined && group.type !== type)) continue;
      let afterId: Id | undefined = BEFORE_ALL;
      while (afterId !== undefined) {
        const ids: Id[] = (await this.page(group, afterId, BATCH)).map(({ id }) => id).sort(compareIds);
        if (ids.length > 0) onProgress((retried += await this.makeDue(ids)));
        afterId = ids.length === BATCH ? ids.at(-1) : undefined;
      }
    }
    return retried;
  }

  @Transactional({ readOnly: true, fresh: true })
  private groups(): Promise<JobGroup[]> {
    return this.repository.groups();
  }

  @Transactional({ readOnly: true, fresh: true })
  private page(group: JobGroup, afterId: Id, limit: number): Promise<JobSummary[]> {
    return this.repository.list(group, afterId, limit);
  }

  @Transactional({ readOnly: true, fresh: true })
  private byIds(ids: readonly Id[]): Promise<JobDetails[]> {
    return this.repository.byIds(ids);
  }

  @Transactional()
  private makeDue(ids: readonly Id[]): Promise<number> {
    return this.repository.retry(ids, this.clock.now());
  }
}
