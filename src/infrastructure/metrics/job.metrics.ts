import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter, type Gauge, type Histogram } from './metric-factory.js';

/** Jobs are steps of at most some seconds; one that takes a minute is in trouble. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60];

/**
 * What repeated jobs tell operators. A run in which another process had the turn counts too: it shows that the job is
 * alive here. The label is `task`: Prometheus calls what it scrapes a job.
 */
@Injectable()
export class JobMetrics {
  private readonly runs: Counter<'task' | 'result'>;
  private readonly seconds: Histogram<'task'>;
  private readonly succeededAt: Gauge<'task'>;

  constructor(metrics: MetricFactory) {
    this.runs = metrics.counter('job_runs_total', 'Runs of repeated jobs by result', ['task', 'result']);
    this.seconds = metrics.histogram('job_duration_seconds', 'How long runs took', ['task'], SECONDS);
    this.succeededAt = metrics.gauge(
      'job_last_success_timestamp_seconds',
      'When the last run without an error ended, in seconds since 1970; at first, when the process knew of the job',
      ['task'],
    );
  }

  /**
   * Runs a job and counts what became of it.
   *
   * @param job one of a few names in the code, never anything with an id
   * @throws whatever the work throws
   */
  async measure<T>(job: string, work: () => Promise<T>): Promise<T> {
    const end = this.seconds.startTimer({ task: job });
    try {
      const result = await work();
      this.runs.inc({ task: job, result: 'succeeded' });
      this.succeededAt.setToCurrentTime({ task: job });
      return result;
    } catch (error) {
      this.runs.inc({ task: job, result: 'failed' });
      throw error;
    } finally {
      end();
    }
  }

  /** The same as a function, which also makes the series begin now: what never succeeds is seen to be late. */
  measured(job: string, work: () => Promise<void>): () => Promise<void> {
    this.runs.inc({ task: job, result: 'failed' }, 0);
    this.succeededAt.setToCurrentTime({ task: job });
    return () => this.measure(job, work);
  }
}
