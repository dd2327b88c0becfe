import { type INestApplicationContext, Injectable } from '@nestjs/common';
import type { Id } from '../../src/common/id.js';
import { TransactionHost } from '../../src/infrastructure/database/transaction-host.js';
import { Outbox } from '../../src/infrastructure/outbox/outbox.js';
import { OutboxCleanupJob } from '../../src/infrastructure/outbox/outbox-cleanup.job.js';
import {
  HandlesOutbox,
  type JobContext,
  JobInterruptedError,
  LeaseLostError,
  type OutboxHandler,
} from '../../src/infrastructure/outbox/outbox-handler.decorator.js';
import { OutboxRelay } from '../../src/infrastructure/outbox/outbox.relay.js';
import { startRelayWorker } from '../support/relay-worker.js';
import { until } from '../support/settle.js';
import { testConfig } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

type Behaviour = (payload: { n: number }, job: JobContext) => Promise<void>;

/** What jobs do; each test sets it, for all workers. */
let behaviour: Behaviour;

@Injectable()
@HandlesOutbox('test.job')
class TestHandler implements OutboxHandler<{ n: number }> {
  handle(payload: { n: number }, job: JobContext): Promise<void> {
    return behaviour(payload, job);
  }
}

interface Row {
  id: Id;
  state: 'pending' | 'finished';
  progress: string | null;
  attempts: number;
  lease_token: Buffer | null;
  last_error: string | null;
  available_at: Date;
}

describe(OutboxRelay.name, () => {
  let database: TestDatabase;
  const workers: INestApplicationContext[] = [];

  async function startWorker(): Promise<INestApplicationContext> {
    const config = testConfig(database.name, { OUTBOX_LEASE: '30s' });
    const worker = await startRelayWorker(config, TestHandler);
    workers.push(worker);
    return worker;
  }

  async function append(from: INestApplicationContext, type = 'test.job', count = 1): Promise<void> {
    const outbox = from.get(Outbox, { strict: false });
    await from.get(TransactionHost, { strict: false }).run({}, async () => {
      for (let n = 0; n < count; n++) await outbox.append(type, { n });
    });
  }

  const rows = () => database.query<Row>('SELECT * FROM outbox_events ORDER BY id');
  const theJob = async () => (await rows())[0]!;
  const makeDue = () => database.execute('UPDATE outbox_events SET available_at = ?', [new Date(Date.now() - 1)]);
  const jobThat = (condition: (row: Row) => boolean, what: string) =>
    until(async () => (await rows()).find(condition), { what });
  const finishedJob = () => jobThat((row) => row.state === 'finished', 'the job to be finished');

  beforeAll(async () => {
    database = await TestDatabase.create();
  });
  beforeEach(() => database.execute('DELETE FROM outbox_events'));
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
  });
  afterAll(() => database?.drop());

  it('runs a job of a committed transaction, and none of one that was rolled back', async () => {
    const ran: number[] = [];
    behaviour = async ({ n }) => void ran.push(n);
    const worker = await startWorker();
    const rolledBack = worker.get(TransactionHost, { strict: false }).run({}, async () => {
      await worker.get(Outbox, { strict: false }).append('test.job', { n: 99 });
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    await append(worker);
    expect(await finishedJob()).toMatchObject({ attempts: 1, lease_token: null, last_error: null });
    expect(ran).toEqual([0]);
  });

  it('refuses to store a job outside a transaction', async () => {
    const worker = await startWorker();
    await expect(worker.get(Outbox, { strict: false }).append('test.job', {})).rejects.toThrow('transaction');
  });

  it('runs every job once, and no job twice at a time, however many workers there are', async () => {
    const runs = new Map<number, number>();
    const active = new Set<number>();
    let overlaps = 0;
    behaviour = async ({ n }, job) => {
      if (active.has(n)) overlaps++;
      active.add(n);
      runs.set(n, (runs.get(n) ?? 0) + 1);
      await job.saveProgress('half');
      active.delete(n);
    };
    const [first] = await Promise.all([startWorker(), startWorker(), startWorker()]);
    await append(first, 'test.job', 60);
    const allDone = async () => (await rows()).every((row) => row.state === 'finished');
    await until(allDone, { what: 'the jobs to be finished' });
    expect(overlaps).toBe(0);
    expect([...runs.values()]).toEqual(Array.from({ length: 60 }, () => 1));
    expect((await rows()).map((row) => row.attempts)).toEqual(Array.from({ length: 60 }, () => 1));
  });

  it('runs several jobs of one worker at a time, but not more than it may', async () => {
    let active = 0;
    let most = 0;
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    behaviour = async () => {
      most = Math.max(most, ++active);
      await gate;
      active--;
    };
    const worker = await startWorker();
    await append(worker, 'test.job', 20);
    await until(() => most === 14, { what: 'fourteen jobs at a time' });
    expect((await rows()).filter((row) => row.lease_token !== null)).toHaveLength(14);
    open();
    const allDone = async () => (await rows()).every((row) => row.state === 'finished');
    await until(allDone, { what: 'the jobs to be finished' });
    expect(most).toBe(14);
  });

  it('puts a failing job off, longer each time, and runs it again until it succeeds', async () => {
    let failures = 0;
    behaviour = async () => {
      if (failures < 3) throw new Error(`failure ${++failures}`);
    };
    const worker = await startWorker();
    await append(worker);
    for (const [attempt, longestMs] of [
      [1, 2_000],
      [2, 4_000],
      [3, 8_000],
    ] as const) {
      const row = await jobThat(
        ({ attempts, lease_token }) => attempts === attempt && lease_token === null,
        `try ${attempt} to fail`,
      );
      expect(row).toMatchObject({ state: 'pending', last_error: `failure ${attempt}` });
      const delayMs = row.available_at.getTime() - Date.now();
      expect(delayMs).toBeLessThanOrEqual(longestMs);
      expect(delayMs).toBeGreaterThan(longestMs / 2 - 500); // half is fixed; the rest of the time has passed here
      await makeDue();
    }
    expect(await finishedJob()).toMatchObject({ attempts: 4, last_error: null });
  });

  it('keeps a job of a type that nobody handles, with the reason', async () => {
    const worker = await startWorker();
    await append(worker, 'test.unknown');
    const row = await jobThat(({ last_error }) => last_error !== null, 'the reason');
    expect(row).toMatchObject({ state: 'pending', last_error: expect.stringContaining('test.unknown') });
  });

  it('keeps the progress of a job and goes on from there', async () => {
    const starts: [string | null, JobContext['mayHaveDone']][] = [];
    behaviour = async (_, job) => {
      starts.push([job.progress, job.mayHaveDone]);
      if (job.progress !== null) return;
      await job.saveProgress('7');
      throw new Error('after the progress');
    };
    const worker = await startWorker();
    await append(worker);
    await jobThat(({ last_error }) => last_error !== null, 'the failure');
    await makeDue();
    expect(await finishedJob()).toMatchObject({ progress: '7', attempts: 2 });
    expect(starts).toEqual([
      [null, 'nothing'],
      ['7', 'the next'],
    ]);
  });

  it('extends the lease with every progress', async () => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let saved = false;
    behaviour = async (_, job) => {
      await database.execute('UPDATE outbox_events SET available_at = ?', [new Date(Date.now() + 5_000)]);
      await job.saveProgress('1');
      saved = true;
      await gate;
    };
    const worker = await startWorker();
    await append(worker);
    await until(() => saved, { what: 'the progress' });
    const leaseMs = (await theJob()).available_at.getTime() - Date.now();
    expect(leaseMs).toBeGreaterThan(25_000);
    open();
    await finishedJob();
  });

  it('gives a job whose lease ran out to somebody else, and the first owner changes nothing any more', async () => {
    let tries = 0;
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const errors: unknown[] = [];
    behaviour = async (_, job) => {
      if (++tries > 1) return job.saveProgress('of the second');
      await gate;
      await job.saveProgress('of the first').catch((error: unknown) => {
        errors.push(error);
        throw error;
      });
    };
    const [worker] = await Promise.all([startWorker(), startWorker()]);
    await append(worker);
    await until(() => tries === 1, { what: 'the first try' });
    await makeDue(); // the first owner has been silent for longer than its lease
    const finished = await finishedJob();
    expect(finished).toMatchObject({ progress: 'of the second', attempts: 2 });

    open();
    await until(() => errors.length === 1, { what: 'the first owner to notice' });
    expect(errors[0]).toBeInstanceOf(LeaseLostError);
    await Promise.all(workers.splice(0).map((one) => one.close()));
    expect(await theJob()).toEqual(finished);
  });

  it('does not let the first owner finish or fail a job that another has', async () => {
    const opens: ((error?: Error) => void)[] = [];
    behaviour = () => new Promise((resolve, reject) => opens.push((error) => (error ? reject(error) : resolve())));
    const worker = await startWorker();
    await append(worker);
    for (const ending of [undefined, new Error('too late')]) {
      await until(() => opens.length > 0, { what: 'the first owner' });
      const owners = opens.length;
      await makeDue();
      await until(() => opens.length > owners, { what: 'the next owner' });
      const before = await theJob();
      opens[owners - 1]!(ending);
      await append(worker, 'test.unknown'); // a later job, as proof that the relay has gone on
      await jobThat(({ last_error }) => last_error?.includes('no handler') ?? false, 'the later job');
      expect(await theJob()).toEqual(before);
      await database.execute("DELETE FROM outbox_events WHERE type = 'test.unknown'");
    }
    opens.at(-1)!();
    expect(await finishedJob()).toMatchObject({ attempts: 3 });
  });

  it('gives a job back when it is closed, so that another goes on at once', async () => {
    const starts: [string | null, JobContext['mayHaveDone']][] = [];
    let error: unknown;
    behaviour = async (_, job) => {
      starts.push([job.progress, job.mayHaveDone]);
      if (starts.length > 1) return;
      for (let step = 1; ; step++) {
        await job.saveProgress(String(step)).catch((reason: unknown) => {
          error = reason;
          throw reason;
        });
      }
    };
    const worker = await startWorker();
    await append(worker);
    await jobThat(({ progress }) => progress !== null, 'progress');
    await workers.splice(0)[0]!.close();

    expect(error).toBeInstanceOf(JobInterruptedError);
    const given = await theJob();
    expect(given).toMatchObject({ state: 'pending', lease_token: null, last_error: null, attempts: 0 });
    expect(given.available_at.getTime()).toBeLessThanOrEqual(Date.now());
    await startWorker();
    expect(await finishedJob()).toMatchObject({ attempts: 1 });
    expect(starts).toEqual([
      [null, 'nothing'],
      [given.progress, 'nothing'],
    ]);
  });

  it('lets a job without progress come to its end when it is closed', async () => {
    let begun = false;
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    behaviour = async () => {
      begun = true;
      await gate;
    };
    const worker = await startWorker();
    await append(worker);
    await until(() => begun, { what: 'the job to begin' });
    const closed = workers.splice(0)[0]!.close();
    open();
    await closed;
    expect(await theJob()).toMatchObject({ state: 'finished' });
  });

  it('removes finished jobs after their time, and no others', async () => {
    behaviour = async () => undefined;
    const worker = await startWorker();
    await append(worker, 'test.job', 3);
    const allDone = async () => (await rows()).every((row) => row.state === 'finished');
    await until(allDone, { what: 'the jobs to be finished' });
    const [old, fresh, pending] = await rows();
    await database.execute('UPDATE outbox_events SET finished_at = ? WHERE id = ?', [
      new Date(Date.now() - 2 * 3_600_000),
      old!.id,
    ]);
    await database.execute("UPDATE outbox_events SET state = 'pending', available_at = ? WHERE id = ?", [
      new Date(Date.now() + 3_600_000),
      pending!.id,
    ]);
    await worker.get(OutboxCleanupJob, { strict: false }).run();
    expect((await rows()).map((row) => row.id)).toEqual([fresh!.id, pending!.id]);
  });
});
