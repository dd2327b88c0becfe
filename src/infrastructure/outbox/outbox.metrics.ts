import { Injectable } from '@nestjs/common';
import type { Counter, Histogram } from '../metrics/metric-factory.js';
import { MetricFactory } from '../metrics/metric-factory.js';

/** What the relay tells operators. */
@Injectable()
export class OutboxMetrics {
  private readonly jobs: Counter<'type' | 'result'>;
  private readonly parkings: Counter<'type'>;
  private readonly delay: Histogram<'type'>;

  constructor(metrics: MetricFactory) {
    this.jobs = metrics.counter('outbox_jobs_total', 'Runs of outbox jobs by type and result', ['type', 'result']);
    this.parkings = metrics.counter('outbox_parkings_total', 'Jobs that were given up until an operator retries them', [
      'type',
    ]);
    this.delay = metrics.histogram(
      'outbox_job_delay_seconds',
      'Time from the commit of an outbox job to its end',
      ['type'],
      [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
    );
  }

  finished(type: string, delayMs: number): void {
    this.jobs.inc({ type, result: 'finished' });
    this.delay.observe({ type }, delayMs / 1_000);
  }

  failed(type: string): void {
    this.jobs.inc({ type, result: 'failed' });
  }

  parked(type: string): void {
    this.failed(type);
    this.parkings.inc({ type });
  }
}
