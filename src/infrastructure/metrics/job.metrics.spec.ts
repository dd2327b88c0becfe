import { jest } from '@jest/globals';
import { JobMetrics, SKIPPED, type RunOutcome } from './job.metrics.js';
import { MetricFactory } from './metric-factory.js';

describe(JobMetrics.name, () => {
  const STARTED_S = 1_800_000_000;
  let factory: MetricFactory;
  let jobs: JobMetrics;

  beforeEach(() => {
    jest.useFakeTimers({ now: STARTED_S * 1_000 });
    factory = new MetricFactory();
    jobs = new JobMetrics(factory);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Runs a job once, ten minutes after it was made. */
  async function after(
    work: () => Promise<RunOutcome>,
  ): Promise<{ lastSuccessS: number; runs: Record<string, number> }> {
    const run = jobs.measured('sweeping', work);
    jest.setSystemTime((STARTED_S + 600) * 1_000);
    await run().catch(() => undefined);
    return told();
  }
  async function told() {
    const text = await factory.registry.metrics();
    const valuesOf = (name: string) =>
      Array.from(text.matchAll(new RegExp(`^${name}{(.*)} (.*)$`, 'gm')), ([, labels, value]) => [
        /result="(\w+)"/.exec(labels!)?.[1] ?? '',
        Number(value),
      ]);
    return {
      lastSuccessS: valuesOf('job_last_success_timestamp_seconds')[0]![1] as number,
      runs: Object.fromEntries(valuesOf('job_runs_total')) as Record<string, number>,
      timed: valuesOf('job_duration_seconds_count')[0]?.[1] ?? 0,
    };
  }

  it('tells of a job before its first run', async () => {
    jobs.measured('sweeping', async () => undefined);
    expect(await told()).toEqual({
      lastSuccessS: STARTED_S,
      runs: { succeeded: 0, failed: 0, skipped: 0 },
      timed: 0,
    });
  });

  it('notes when a run did its work', async () => {
    expect(await after(async () => undefined)).toEqual({
      lastSuccessS: STARTED_S + 600,
      runs: { succeeded: 1, failed: 0, skipped: 0 },
      timed: 1,
    });
  });

  it('lets a job get old that was not its turn', async () => {
    expect(await after(async () => SKIPPED)).toEqual({
      lastSuccessS: STARTED_S,
      runs: { succeeded: 0, failed: 0, skipped: 1 },
      timed: 0,
    });
  });

  it('lets a job get old that has never worked, and throws what it threw', async () => {
    const broken = async () => {
      throw new Error('broken since the deployment');
    };
    expect(await after(broken)).toEqual({
      lastSuccessS: STARTED_S,
      runs: { succeeded: 0, failed: 1, skipped: 0 },
      timed: 1,
    });
    await expect(jobs.measured('sweeping', broken)()).rejects.toThrow('broken since the deployment');
  });
});
