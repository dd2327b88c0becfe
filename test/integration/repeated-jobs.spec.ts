import { IdempotencyCleanupJob } from '../../src/infrastructure/idempotency/idempotency-cleanup.job.js';
import { JobMetrics } from '../../src/infrastructure/metrics/job.metrics.js';
import { JobTurns } from '../../src/infrastructure/scheduling/job-turns.js';
import { MediaCleanupJob } from '../../src/modules/media/media-cleanup.job.js';
import { ApiClient } from '../support/api-client.js';
import { Metrics } from '../support/metrics.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

/** Longer than the turns of any job, and gone by itself when a test fails. */
const TURN_MS = 60_000;

/** For jobs that run by themselves, soon enough. */
const nothing = async (): Promise<void> => undefined;

/** What `TaskStalled` goes by. */
describe(JobMetrics.name, () => {
  let app: TestApp;
  let first: Metrics;
  beforeAll(async () => {
    app = await TestApp.start({ env: { FEED_AUDIT_INTERVAL: '500ms' } });
    first = await figures();
  });
  afterAll(() => app?.close());

  const figures = () => Metrics.of(new ApiClient(app.workerUrl));
  const runs = (metrics: Metrics, task: string, result: string) => metrics.sum('job_runs_total', { task, result });
  const lastSuccess = (metrics: Metrics, task: string) => metrics.sum('job_last_success_timestamp_seconds', { task });

  /** Asks for a replay of a job, of which only one worker at a time does anything. */
  async function askForReplay(): Promise<void> {
    const author = await app.api.register();
    await author.post();
    await app.settle();
    await until(() => app.database.query('SELECT 1 FROM redis_watch').then(({ length }) => length > 0), {
      what: 'a first look at Redis',
    });
    await app.database.execute('UPDATE redis_watch SET replay_from = ?, replay_until = ?', [
      new Date(Date.now() - TURN_MS),
      new Date(Date.now() + TURN_MS),
    ]);
  }

  it('tells of every repeated job as soon as the worker serves, so that one that never works gets old', () => {
    const tasks = first.samples.filter(({ name }) => name === 'job_last_success_timestamp_seconds');
    expect(tasks.map(({ labels }) => labels['task']!).toSorted()).toEqual([
      'auditing feeds',
      'checking counts',
      'cleaning up finished jobs',
      'cleaning up former large authors',
      'cleaning up old idempotency keys',
      'cleaning up old sessions',
      'removing media',
      'replaying jobs',
      'sweeping feeds',
      'watching for failovers of Redis',
      'writing counts back',
    ]);
    expect(tasks.filter(({ value }) => Math.abs(value - Date.now() / 1_000) > TURN_MS / 1_000)).toEqual([]);
  });

  it.each([
    ['sweeping feeds', () => 'feed-sweep', nothing, nothing],
    ['auditing feeds', () => `feed-audit-${app.database.name}`, nothing, nothing],
    ['replaying jobs', () => `outbox-replay-${app.database.name}`, askForReplay, nothing],
    ['removing media', () => 'media-cleanup', nothing, () => app.inWorker(MediaCleanupJob).run()],
  ])('counts no success of %s while it is the turn of another worker', async (task, turn, prepare, run) => {
    const key = `job:{${turn()}}:turn`;
    const skipped = (since: number) =>
      until(
        async () => {
          await run();
          return runs(await figures(), task, 'skipped') > since;
        },
        { what: 'a run that is skipped', timeoutMs: 20_000 },
      );
    await app.redis.command('set', key, 'another worker', 'PX', TURN_MS);
    await prepare();
    await skipped(0);
    const before = await figures();
    await skipped(runs(before, task, 'skipped'));
    const during = await figures();
    expect(runs(during, task, 'succeeded')).toBe(runs(before, task, 'succeeded'));
    expect(lastSuccess(during, task)).toBe(lastSuccess(before, task));

    // Workers of other test files would take it as well.
    const take = async () => {
      await app.redis.command('del', key);
      return (await app.inWorker(JobTurns).take(turn(), TURN_MS)) !== undefined;
    };
    await until(take, { what: 'the turn' });
    await run();
    await until(async () => lastSuccess(await figures(), task) > lastSuccess(during, task), { what: 'a success' });
  });

  it('counts no success of a job that always fails', async () => {
    const task = 'cleaning up old idempotency keys';
    await app.database.execute('RENAME TABLE idempotency_keys TO idempotency_keys_away');
    try {
      await app.inWorker(IdempotencyCleanupJob).run();
    } finally {
      await app.database.execute('RENAME TABLE idempotency_keys_away TO idempotency_keys');
    }
    const after = await figures();
    expect([runs(after, task, 'failed'), runs(after, task, 'succeeded')]).toEqual([1, 0]);
    expect(lastSuccess(after, task)).toBe(lastSuccess(first, task));
  });
});
