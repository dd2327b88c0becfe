import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../database/transactional.decorator.js';
import { MetricFactory } from '../metrics/metric-factory.js';
import { OutboxJobsRepository, type JobGroup } from './outbox-jobs.repository.js';

/** What waits in the outbox, looked up for every scrape. Each worker tells the same: take the maximum, not the sum. */
@Injectable()
export class OutboxBacklogMetrics {
  private readonly logger = new Logger(OutboxBacklogMetrics.name);
  private looking?: Promise<JobGroup[]>;

  constructor(
    metrics: MetricFactory,
    private readonly jobs: OutboxJobsRepository,
    private readonly clock: Clock,
  ) {
    const groups = (parked: boolean): Promise<JobGroup[]> => this.groups(parked);
    const ageSeconds = (since: Date): number => Math.max(0, this.clock.nowMs() - since.getTime()) / 1_000;
    metrics.gauge('fanout_backlog', 'Outbox jobs to be done', ['lane', 'type'], async function () {
      this.reset();
      for (const { lane, type, jobs: waiting } of await groups(false)) this.set({ lane, type }, waiting);
    });
    metrics.gauge('fanout_backlog_oldest_seconds', 'Age of the oldest of them', ['lane', 'type'], async function () {
      this.reset();
      for (const { lane, type, oldest } of await groups(false)) this.set({ lane, type }, ageSeconds(oldest));
    });
    metrics.gauge('outbox_parked_jobs', 'Outbox jobs that wait for an operator', ['type'], async function () {
      this.reset();
      for (const { type, jobs: parked } of await groups(true)) this.set({ type }, parked);
    });
  }

  /** One look serves the gauges of a scrape. Without the database they are left out, and the others are not lost with them. */
  private async groups(parked: boolean): Promise<JobGroup[]> {
    this.looking ??= this.look().finally(() => (this.looking = undefined));
    try {
      return (await this.looking).filter(({ lane }) => (lane === 'parked') === parked);
    } catch (error) {
      this.logger.warn({ err: error }, 'the backlog could not be counted');
      return [];
    }
  }

  @Transactional({ readOnly: true, fresh: true })
  private look(): Promise<JobGroup[]> {
    return this.jobs.groups();
  }
}
