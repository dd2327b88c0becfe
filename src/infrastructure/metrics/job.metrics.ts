import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter, type Gauge, type Histogram } from './metric-factory.js';

/** Jobs are steps of at most some seconds; one that takes a minute is in trouble. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60];

/** What a run answers that left the work to others, because it was not this worker's turn, or not yet the time. */
export const SKIPPED = 'skipped';

/** A run that did its work answers nothing. */
export type RunOutcome = typeof SKIPPED | void;

/**
 * What repeated jobs tell operators. A run that was skipped is no success: several workers take turns at a job, and those
 * that wait must not hide that whoever has the turn fails. The label is `task`: Prometheus calls what it scrapes a job.
 */
@Injectable()
export class JobMetrics {
  private readonly runs: Counter<'task' | 'result'>;
  private readonly seconds: Histogram<'task'>;
  private readonly succeededAt: Gauge<'task'>;

  constructor(metrics: MetricFactory) {
    this.runs = metrics.counter('job_runs_total', 'Runs of repeated jobs by result', ['task', 'result']);
    this.seconds = metrics.histogram(
      'job_duration_seconds',
      'How long runs took that were not skipped',
      ['task'],
      SECONDS,
    );
    this.succeededAt = metrics.gauge(
      'job_last_success_timestamp_seconds',
      'When the last run ended that did its work, in seconds since 1970; at first, when the process knew of the job',
      ['task'],
    );
  }

  /**
   * The work with its figures, which begin now: what never succeeds is seen to be late. So a job asks for this when it is
   * made, and not when it runs.
   *
   * @param task one of a few names in the code, never anything with an id
   * @returns does one run; throws whatever the work throws
   */
  measured(task: string, work: () => Promise<RunOutcome>): () => Promise<void> {
    for (const result of ['succeeded', 'failed', SKIPPED]) this.runs.inc({ task, result }, 0);
    this.succeededAt.setToCurrentTime({ task });
    return () => this.run(task, work);
  }

  private async run(task: string, work: () => Promise<RunOutcome>): Promise<void> {
    const end = this.seconds.startTimer({ task });
    try {
      const skipped = (await work()) === SKIPPED;
      this.runs.inc({ task, result: skipped ? SKIPPED : 'succeeded' });
      if (skipped) return;
      this.succeededAt.setToCurrentTime({ task });
      end();
    } catch (error) {
      this.runs.inc({ task, result: 'failed' });
      end();
      throw error;
    }
  }
}
