import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { AppError } from '../../src/common/app-error.js';
import { Clock } from '../../src/common/clock.js';
import type { Id } from '../../src/common/id.js';
import { TransactionHost } from '../../src/infrastructure/database/transaction-host.js';
import { MetricFactory } from '../../src/infrastructure/metrics/metric-factory.js';
import { HandlesOutbox, type JobContext } from '../../src/infrastructure/outbox/outbox-handler.decorator.js';
import { Outbox } from '../../src/infrastructure/outbox/outbox.js';
import type { FirstLane, Lane } from '../../src/infrastructure/outbox/outbox-lanes.js';
import { OutboxRelay } from '../../src/infrastructure/outbox/outbox.relay.js';
import { RedisUnavailableError } from '../../src/infrastructure/redis/redis-unavailable.error.js';
import { runOutboxCommand } from '../../src/tools/outbox/outbox-command.js';
import { parseOptions } from '../../src/tools/outbox/outbox-options.js';
import { startRelayWorker } from '../support/relay-worker.js';
import { until } from '../support/settle.js';
import { testConfig } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const MAX_ATTEMPTS = 3;
const HOUR_MS = 3_600_000;

/** What jobs do; each test sets it, for all workers. */
let behaviour: (payload: { n: number }, job: JobContext) => Promise<void>;

@Injectable()
@HandlesOutbox('test.job')
class TestHandler {
  handle(payload: { n: number }, job: JobContext): Promise<void> {
    return behaviour(payload, job);
  }
}

/** Time goes on as it does, from wherever a test has moved it. */
class MovedClock extends Clock {
  aheadMs = 0;

  nowMs(): number {
    return Date.now() + this.aheadMs;
  }
}

interface Row {
  id: Id;
  state: 'pending' | 'finished';
  lane: Lane;
  progress: string | null;
  attempts: number;
  failures: number;
  strikes: number;
  losses: number;
  lease_token: Buffer | null;
  last_error: string | null;
  available_at: Date;
}

describe(`${OutboxRelay.name}: lanes and parking`, () => {
  let database: TestDatabase;
  let clock: MovedClock;
  const workers: INestApplicationContext[] = [];

  async function startWorker(): Promise<INestApplicationContext> {
    const config = testConfig(database.name, { OUTBOX_MAX_ATTEMPTS: String(MAX_ATTEMPTS) });
    const worker = await startRelayWorker(config, TestHandler);
    // After the start: whoever has the clock has the very object.
    Object.assign(worker.get(Clock, { strict: false }), { nowMs: () => clock.nowMs() });
    workers.push(worker);
    return worker;
  }

  async function append(from: INestApplicationContext, count = 1, lane?: FirstLane, type = 'test.job'): Promise<void> {
    const outbox = from.get(Outbox, { strict: false });
    await from.get(TransactionHost, { strict: false }).run({}, async () => {
      for (let n = 0; n < count; n++) await outbox.append(type, { n }, lane);
    });
  }

  /** Jobs of an earlier time, each a second younger than the one before, numbered from 0. */
  async function store(count: number, lane: Lane, ageMs: number, type = 'test.job', from = 0): Promise<void> {
    const firstMs = Date.now() - ageMs;
    const rows = Array.from({ length: count }, (_, index) => {
      const at = new Date(firstMs + index * 1_000);
      return [type, JSON.stringify({ n: from + index }), lane, at, at];
    });
    await database.query('INSERT INTO outbox_events (type, payload, lane, available_at, created_at) VALUES ?', [rows]);
  }

  const rows = () => database.query<Row>('SELECT * FROM outbox_events ORDER BY id');
  const theJob = async () => (await rows())[0]!;
  const jobThat = (condition: (row: Row) => boolean, what: string) =>
    until(async () => (await rows()).find(condition), { what });
  const allDone = () =>
    until(async () => (await rows()).every((row) => row.state === 'finished'), { what: 'the jobs to be finished' });
  const failedTimes = (failures: number) =>
    jobThat((row) => row.failures === failures && row.lease_token === null, `failure ${failures}`);
  const makeDue = () =>
    database.execute('UPDATE outbox_events SET available_at = ? WHERE lane <> ?', [new Date(Date.now() - 1), 'parked']);
  const figure = async (worker: INestApplicationContext, line: string) => {
    const text = await worker.get(MetricFactory, { strict: false }).registry.metrics();
    return text
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.slice(line.length + 1);
  };
  const command = async (...args: string[]): Promise<{ lines: string[]; isWell: boolean }> => {
    const lines: string[] = [];
    const isWell = await runOutboxCommand(parseOptions(args)!, database.config, (line) => lines.push(line));
    return { lines, isWell };
  };
  const gate = () => {
    let open!: () => void;
    return { opened: new Promise<void>((resolve) => (open = resolve)), open: () => open() };
  };

  beforeAll(async () => {
    database = await TestDatabase.create();
  });
  beforeEach(async () => {
    clock = new MovedClock();
    await database.execute('DELETE FROM outbox_events');
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
  });
  afterAll(() => database?.drop());

  describe('a job that keeps failing', () => {
    async function park(): Promise<INestApplicationContext> {
      behaviour = async () => {
        throw new Error('mistake\nin two lines');
      };
      const worker = await startWorker();
      await append(worker);
      for (let failures = 1; failures < MAX_ATTEMPTS; failures++) {
        expect(await failedTimes(failures)).toMatchObject({ lane: 'retry', strikes: failures });
        await makeDue();
      }
      await jobThat((row) => row.lane === 'parked', 'the job to be parked');
      return worker;
    }

    it('is parked after so many tries, with the reason and figures, and never due again', async () => {
      const worker = await park();
      expect(await theJob()).toMatchObject({
        state: 'pending',
        attempts: MAX_ATTEMPTS,
        lease_token: null,
        last_error: 'mistake\nin two lines',
      });
      clock.aheadMs = 10_000 * HOUR_MS;
      const later = gate();
      behaviour = async () => later.open();
      await append(worker); // proof that the relay has gone on
      await later.opened;
      expect(await theJob()).toMatchObject({ lane: 'parked', attempts: MAX_ATTEMPTS });
      expect(await figure(worker, 'outbox_parked_jobs{type="test.job"}')).toBe('1');
      expect(await figure(worker, 'outbox_parkings_total{type="test.job"}')).toBe('1');
    });

    it('is shown by the command, and runs again when that says so', async () => {
      await park();
      const { id } = await theJob();
      const list = (await command('list', '--parked')).lines;
      expect(list.at(-1)).toMatch(
        new RegExp(`^${id} +parked +test.job +${MAX_ATTEMPTS} .* never +mistake in two lines$`),
      );
      expect((await command('show', id)).lines.join('\n')).toMatch(/^payload +\{"n":0\}$/m);

      const before: string[] = [];
      behaviour = async (_, { mayHaveDone }) => void before.push(mayHaveDone);
      expect(await command('retry', id)).toEqual({ lines: ['1 of 1 jobs are due now'], isWell: true });
      await allDone();
      expect(before).toEqual(['the next']);
      expect(await theJob()).toMatchObject({ attempts: MAX_ATTEMPTS + 1 });
      expect(await command('retry', id, '1')).toEqual({
        lines: [
          `job ${id} is finished`,
          'there is no job 1; finished ones are removed after a while',
          '0 of 2 jobs are due now',
        ],
        isWell: false,
      });
    });

    it('has all its tries again after the command, and is parked once more', async () => {
      await park();
      await command('retry', '--all', '--type', 'test.job');
      for (let failures = 1; failures < MAX_ATTEMPTS; failures++) {
        await failedTimes(failures);
        await makeDue();
      }
      expect(await jobThat((row) => row.lane === 'parked', 'the parking')).toMatchObject({
        attempts: 2 * MAX_ATTEMPTS,
      });
    });

    it('keeps its tries for what comes after its last progress', async () => {
      let step = 0;
      let last = 0;
      behaviour = async (_, job) => {
        if (step < 2 * MAX_ATTEMPTS) await job.saveProgress(String(++step));
        else if (++last > 1) return;
        throw new Error('after the progress');
      };
      const worker = await startWorker();
      await append(worker);
      for (let attempt = 1; attempt <= 2 * MAX_ATTEMPTS + 1; attempt++) {
        await jobThat((row) => row.attempts === attempt && row.lease_token === null, `try ${attempt}`);
        await makeDue();
      }
      await allDone();
      expect(await theJob()).toMatchObject({ attempts: 2 * MAX_ATTEMPTS + 2, strikes: 2 });
    });

    it('is parked although it saves the same progress again and again', async () => {
      behaviour = async (_, job) => {
        await job.saveProgress('begun');
        throw new Error('after it');
      };
      const worker = await startWorker();
      await append(worker);
      for (let failures = 1; failures < MAX_ATTEMPTS; failures++) {
        await failedTimes(failures);
        await makeDue();
      }
      const row = await jobThat(({ lane }) => lane === 'parked', 'the parking');
      expect(row).toMatchObject({ progress: 'begun', attempts: MAX_ATTEMPTS });
    });
  });

  it('pages through many parked jobs and makes them all due, those of one type only if asked', async () => {
    behaviour = async () => undefined;
    await store(1_203, 'parked', HOUR_MS);
    await store(4, 'parked', HOUR_MS, 'test.other');
    await database.execute("UPDATE outbox_events SET available_at = '9999-12-31', attempts = 20");
    const seen: string[] = [];
    let next: string[] | undefined = ['list', '--parked', '--limit', '500'];
    while (next) {
      const { lines } = await command(...next);
      seen.push(...lines.flatMap((line) => /^(\d+) +parked/.exec(line)?.[1] ?? []));
      next = /^more: npm run outbox -- (.*)$/.exec(lines.at(-1)!)?.[1]?.split(' ');
    }
    expect(seen.toSorted()).toEqual((await rows()).map((row) => row.id).toSorted());

    const { lines } = await command('retry', '--all', '--type', 'test.job');
    expect(lines).toEqual(['500 jobs are due now', '1000 jobs are due now', '1203 jobs are due now']);
    const parked = (await rows()).filter((row) => row.lane === 'parked');
    expect(parked.map(({ available_at }) => available_at.getFullYear())).toEqual([9999, 9999, 9999, 9999]);
    expect((await command('retry', '--all', '--type', 'test.job')).lines).toEqual(['no such jobs are parked']);
    expect((await command('list', '--type', 'nothing')).lines).toEqual(['no such jobs']);
  });

  it.each([new RedisUnavailableError('no answer'), new AppError('DATABASE_UNAVAILABLE', 'away')])(
    'is patient with outages, however long: %s',
    async (outage) => {
      let tries = 0;
      behaviour = async () => {
        if (++tries <= 3 * MAX_ATTEMPTS) throw outage;
      };
      const worker = await startWorker();
      await append(worker);
      for (let failures = 1; failures <= 3 * MAX_ATTEMPTS; failures++) {
        const row = await failedTimes(failures);
        expect(row).toMatchObject({ lane: 'retry', strikes: 0 });
        expect(row.available_at.getTime() - Date.now()).toBeLessThanOrEqual(30_000);
        await makeDue();
      }
      await allDone();
    },
  );

  it('keeps a job of an unknown type for whoever knows it, and parks it after a day', async () => {
    const worker = await startWorker();
    await append(worker, 1, 'live', 'test.unknown');
    for (let failures = 1; failures <= 2 * MAX_ATTEMPTS; failures++) {
      const row = await failedTimes(failures);
      expect(row).toMatchObject({ strikes: 0 });
      expect(row.available_at.getTime() - Date.now()).toBeLessThanOrEqual(5_000);
      await makeDue();
    }
    clock.aheadMs = 25 * HOUR_MS;
    expect(await jobThat((row) => row.lane === 'parked', 'the parking')).toMatchObject({
      last_error: expect.stringContaining('test.unknown'),
    });
  });

  it.each(['null', '[]', '"text"', '{}'])('survives the payload %s', async (payload) => {
    behaviour = async (content) => {
      if (typeof (content as { n?: unknown }).n !== 'number') throw new TypeError('no number');
    };
    await startWorker();
    await database.query(
      'INSERT INTO outbox_events (type, payload, available_at, created_at, strikes) VALUES (?, ?, ?, ?, ?)',
      ['test.job', payload, new Date(), new Date(), MAX_ATTEMPTS - 1],
    );
    const row = await jobThat(({ lane }) => lane === 'parked', 'the parking');
    expect(row).toMatchObject({ attempts: 1, lease_token: null });
  });

  it('does not hold it against a job that workers vanish with it, until they are very many', async () => {
    const later = gate();
    behaviour = () => later.opened; // each keeps its place
    const [worker] = await Promise.all([startWorker(), startWorker()]);
    await append(worker);
    for (let attempt = 1; attempt <= 20; attempt++) {
      await jobThat((row) => row.attempts === attempt && row.lease_token !== null, `lease ${attempt}`);
      expect(await theJob()).toMatchObject({ losses: attempt - 1, strikes: 0 });
      await makeDue(); // its worker is silent for longer than the lease
    }
    expect(await jobThat((row) => row.lane === 'parked', 'the parking')).toMatchObject({
      last_error: '20 workers vanished while they had the job',
    });
    later.open();
  });

  it('tells a handler what may have been done before: nothing after a turn of a long job, another try or not', async () => {
    const seen: [string | null, JobContext['mayHaveDone']][] = [];
    behaviour = async (_, job) => {
      seen.push([job.progress, job.mayHaveDone]);
      if (seen.length === 1) throw new Error('once');
      if (job.progress === '2') return;
      clock.aheadMs += 1_500;
      await job.saveProgress(job.progress === null ? '1' : '2');
    };
    const worker = await startWorker();
    await append(worker);
    await failedTimes(1);
    await makeDue();
    await allDone();
    expect(seen).toEqual([
      [null, 'nothing'],
      [null, 'the next'],
      ['1', 'nothing'],
      ['2', 'nothing'],
    ]);
    expect(await theJob()).toMatchObject({ lane: 'long', attempts: 1 });
  });

  it('takes long jobs out of the way of short ones', async () => {
    const later = gate();
    let opened = false;
    behaviour = async ({ n }, job) => {
      if (n < 100 || opened) return;
      if (job.progress === null) {
        clock.aheadMs += 1_001;
        await job.saveProgress('a long way');
      }
      await later.opened;
    };
    const worker = await startWorker();
    await store(20, 'live', 60_000, 'test.job', 100);
    await jobThat((row) => row.lane === 'long', 'a long job');
    await until(async () => (await rows()).every((row) => row.lane === 'long'), { what: 'all to be in their lane' });
    expect((await rows()).filter((row) => row.lease_token !== null).length).toBeLessThanOrEqual(2);
    await append(worker);
    await jobThat((row) => row.state === 'finished', 'the short job');
    opened = true;
    later.open();
    await allDone();
  });

  it.each<[Lane, Lane]>([
    ['bulk', 'live'],
    ['retry', 'live'],
    ['long', 'live'],
    ['live', 'bulk'],
    ['live', 'retry'],
  ])('does not let a lane %s full of jobs that hang delay the lane %s', async (full, other) => {
    const later = gate();
    const done: number[] = [];
    behaviour = async ({ n }) => {
      if (n < 1_000) await later.opened;
      done.push(n);
    };
    await Promise.all([startWorker(), startWorker()]);
    await store(100, full, HOUR_MS);
    await jobThat((row) => row.lease_token !== null, 'the first to hang');
    await store(50, other, 60_000, 'test.job', 1_000);
    await until(() => done.length === 50, { what: 'the jobs of the other lane' });
    later.open();
    await allDone();
    expect(done).toHaveLength(150);
  });

  it('works a backlog off in the order of its age', async () => {
    const begun: number[] = [];
    behaviour = async ({ n }) => void begun.push(n);
    await store(100, 'live', HOUR_MS, 'test.job', 100);
    await store(100, 'live', 2 * HOUR_MS, 'test.job', 0);
    await startWorker();
    await allDone();
    expect(begun).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it('takes a new job at once, while a backlog of the same lane hangs', async () => {
    const later = gate();
    const fresh = gate();
    behaviour = async ({ n }) => (n === 0 ? fresh.open() : later.opened);
    await store(100, 'live', HOUR_MS, 'test.job', 1);
    const worker = await startWorker();
    await until(async () => (await rows()).filter((row) => row.lease_token !== null).length === 10, {
      what: 'the places for the backlog to be taken',
    });
    await append(worker);
    await fresh.opened;
    expect((await rows()).filter((row) => row.lease_token !== null).length).toBeLessThanOrEqual(11);
    later.open();
    await allDone();
  });

  it('tells how much waits in each lane, of which type, and since when', async () => {
    behaviour = () => new Promise(() => undefined);
    const worker = await startWorker();
    await worker.get(OutboxRelay, { strict: false }).beforeApplicationShutdown();
    await store(3, 'live', HOUR_MS);
    await store(2, 'bulk', 60_000, 'test.other');
    expect(await figure(worker, 'fanout_backlog{lane="live",type="test.job"}')).toBe('3');
    expect(await figure(worker, 'fanout_backlog{lane="bulk",type="test.other"}')).toBe('2');
    const age = Number(await figure(worker, 'fanout_backlog_oldest_seconds{lane="live",type="test.job"}'));
    expect(Math.abs(age - 3_600)).toBeLessThan(60);
    await database.execute("UPDATE outbox_events SET state = 'finished'");
    expect(await figure(worker, 'fanout_backlog{lane="live",type="test.job"}')).toBeUndefined();
  });
});
