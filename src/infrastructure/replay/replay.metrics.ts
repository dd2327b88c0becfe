import { Injectable } from '@nestjs/common';
import { type Counter, MetricFactory } from '../metrics/metric-factory.js';

/** What operators hear of failovers of Redis. */
@Injectable()
export class ReplayMetrics {
  private readonly failovers: Counter<string>;
  private readonly jobs: Counter<string>;

  constructor(metrics: MetricFactory) {
    this.failovers = metrics.counter(
      'redis_failovers_total',
      'Failovers and restarts of masters of Redis that this worker was the first to notice',
    );
    this.jobs = metrics.counter(
      'outbox_replayed_jobs_total',
      'Finished jobs that were made due again after a failover',
    );
  }

  failedOver(): void {
    this.failovers.inc();
  }

  replayed(jobs: number): void {
    this.jobs.inc(jobs);
  }
}
