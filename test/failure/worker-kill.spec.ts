import { batches } from '../../src/common/batches.js';
import type { Id } from '../../src/common/id.js';
import { ApiClient, type Member } from '../support/api-client.js';
import { createFollows, createUsers, memberFactory } from '../support/factories.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { TestRedis } from '../support/redis.js';
import { settle, until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const FOLLOWERS = 1_000;
/** Far fewer than the followers, so that a fan-out saves its progress many times and can be hit in between. */
const CHUNK = 5;

interface Job {
  state: 'pending' | 'finished';
  progress: Id | null;
  attempts: number;
}

describe('A fan-out whose processes die', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let api: TestProcess;
  let author: Member;
  let readers: Id[];
  const started: TestProcess[] = [];

  async function start(name: 'main' | 'worker'): Promise<TestProcess> {
    const env = testEnv(database.name, { FAN_OUT_CHUNK: String(CHUNK), OUTBOX_LEASE: '2s' });
    const process = await startProcess(name, env);
    started.push(process);
    return process.ready();
  }

  /** The delivery of a post, as the outbox has it. */
  async function jobOf(postId: Id): Promise<Job> {
    const [job] = await database.query<Job>(
      `SELECT state, progress, attempts FROM outbox_events
        WHERE type = 'post.created' AND CAST(payload->>'$.postId' AS CHAR) = ?`,
      [postId],
    );
    return job!;
  }

  /** Waits until a part of the post's delivery is done and saved, and fails when nothing is left to interrupt. */
  async function midDelivery(postId: Id): Promise<void> {
    const job = await until(
      async () => {
        const current = await jobOf(postId);
        return (current.progress !== null || current.state === 'finished') && current;
      },
      { what: 'the first saved progress' },
    );
    expect(job.state).toBe('pending');
  }

  /** How many feeds hold the post once; fails when one holds it twice. */
  async function feedsWith(postId: Id): Promise<number> {
    const copies = [...(await redis.copiesOf(postId, readers)).values()];
    expect(Math.max(...copies)).toBeLessThanOrEqual(1);
    return copies.filter((count) => count === 1).length;
  }

  /** In Redis itself, before anybody reads, so that no rebuild can hide a loss. */
  async function expectDelivered(postId: Id): Promise<void> {
    await settle(database);
    const copies = await redis.copiesOf(postId, readers);
    expect(readers.filter((reader) => copies.get(reader) !== 1)).toEqual([]);
  }

  beforeAll(async () => {
    database = await TestDatabase.create();
    redis = new TestRedis(database.config);
    api = await start('main');
    const [authorId, ...followers] = await createUsers(database, FOLLOWERS + 1);
    await createFollows(
      database,
      followers.map((follower) => [follower, authorId!]),
    );
    readers = [authorId!, ...followers];
    const memberOf = memberFactory(database, new ApiClient(api.url));
    author = memberOf(authorId!);
    for (const batch of batches(readers.map(memberOf), 20)) await Promise.all(batch.map((reader) => reader.feed()));
    const exist = await Promise.all(readers.map((reader) => redis.exists(reader)));
    if (exist.includes(false)) throw new Error('not every reader has a feed: the test would prove nothing');
  }, 60_000);

  afterEach(async () => {
    const workers = started.filter((process) => process !== api);
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
  });

  afterAll(async () => {
    await Promise.all(started.map((process) => process.stop('SIGKILL')));
    await redis?.close();
    await database?.drop();
  });

  it('is completed by the worker that is started after the first was killed', async () => {
    const worker = await start('worker');
    const { id } = await author.post();
    await midDelivery(id);
    await worker.stop('SIGKILL');

    expect(await jobOf(id)).toMatchObject({ state: 'pending', attempts: 1 });
    const before = await feedsWith(id);
    expect(before).toBeGreaterThan(CHUNK);
    expect(before).toBeLessThan(readers.length);

    await start('worker');
    await expectDelivered(id);
    expect(await jobOf(id)).toMatchObject({ state: 'finished' });
  }, 60_000);

  it('is taken over by a worker that has been running beside the killed one', async () => {
    const [first, second] = await Promise.all([start('worker'), start('worker')]);
    process.kill(second.pid, 'SIGSTOP'); // so that it is the first that takes the job
    const { id } = await author.post();
    await midDelivery(id);
    await first.stop('SIGKILL');
    expect(await feedsWith(id)).toBeLessThan(readers.length);

    process.kill(second.pid, 'SIGCONT');
    await expectDelivered(id);
    expect(await jobOf(id)).toMatchObject({ state: 'finished' });
  }, 60_000);

  it('is handed over at once by a worker that is asked to end', async () => {
    const worker = await start('worker');
    const { id } = await author.post();
    await midDelivery(id);
    expect(await worker.stop('SIGTERM')).toEqual({ code: 0, signal: null });

    const rows = await database.query(
      `SELECT available_at <= ? AS due, last_error AS error FROM outbox_events
        WHERE state = 'pending' AND lease_token IS NULL`,
      [new Date()],
    );
    expect(rows).toEqual([{ due: '1', error: null }]);
    expect(await feedsWith(id)).toBeLessThan(readers.length);
    await start('worker');
    await expectDelivered(id);
  }, 60_000);

  it('loses nothing when the API is killed right after it answered', async () => {
    const { id } = await author.post();
    await api.stop('SIGKILL');
    expect(await jobOf(id)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(await feedsWith(id)).toBe(1); // the author's own

    await start('worker');
    await expectDelivered(id);
  }, 60_000);
});
