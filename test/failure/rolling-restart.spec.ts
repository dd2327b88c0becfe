import { setTimeout as delay } from 'node:timers/promises';
import type { Id } from '../../src/common/id.js';
import { type Answer, ApiClient, type Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import { Balancer } from '../support/balancer.js';
import { createFollows, createUsers, memberFactory } from '../support/factories.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { TestRedis } from '../support/redis.js';
import { settle, until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';
import { Workload, type Step } from '../support/workload.js';

const READERS = 40;
const AUTHORS = 5;
/** Each has one request under way at most, so that a busy machine is given less to do. */
const CLIENTS = 6;
const PAUSE_MS = 100;
/** Of each client, before the first restart and after the last. */
const ROUNDS = 6;

/** As an operator would have it: longer than the balancer takes to look. */
const ENV = { SHUTDOWN_DELAY: '3s', FAN_OUT_CHUNK: '5', OUTBOX_LEASE: '5s' };

describe('While instances are replaced one after the other, under load', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let balancer: Balancer;
  let readers: Member[];
  let authors: Member[];
  const posted: Id[] = [];
  const running: Record<'main' | 'worker', TestProcess[]> = { main: [], worker: [] };

  async function start(name: 'main' | 'worker'): Promise<void> {
    const process = await startProcess(name, testEnv(database.name, ENV));
    running[name].push(process);
    await process.ready();
    balancer.use(running.main.map(({ url }) => url));
    if (name === 'main') await until(() => balancer.isReady(process.url), { what: 'the balancer to see it' });
  }

  /** Starts a new one, then asks the oldest to end. */
  async function replace(name: 'main' | 'worker'): Promise<void> {
    const oldest = running[name][0]!;
    await start(name);
    expect(await oldest.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    running[name].shift();
    balancer.use(running.main.map(({ url }) => url));
  }

  beforeAll(async () => {
    database = await TestDatabase.create();
    redis = new TestRedis(database.config);
    balancer = await Balancer.start();
    for (const name of ['main', 'main', 'worker', 'worker'] as const) await start(name);
    const ids = await createUsers(database, READERS + AUTHORS);
    const members = ids.map(memberFactory(database, new ApiClient(balancer.url)));
    [authors, readers] = [members.slice(0, AUTHORS), members.slice(AUTHORS)];
    await createFollows(
      database,
      readers.flatMap((reader) => authors.map((author): [Id, Id] => [reader.id, author.id])),
    );
    for (const reader of readers) await reader.feed();
  }, 120_000);
  afterAll(async () => {
    await balancer?.close();
    await Promise.all([...running.main, ...running.worker].map((process) => process.stop('SIGKILL')));
    await redis?.close();
    await database?.drop();
  });

  const good = (answer: Answer<unknown>): void => {
    if (answer.status >= 400) throw new Error(`${outcome(answer)}: ${answer.text}`);
  };

  /** What one client does round and round, with a moment in between, as people have. */
  const client = (index: number): Step[] => {
    const [reader, author] = [readers[index]!, authors[index % authors.length]!];
    const after = (name: string, act: () => Promise<unknown>): Step => ({
      name,
      run: async () => {
        await delay(PAUSE_MS);
        await act();
      },
    });
    return [
      after('read', async () => good(await reader.request('GET', '/v1/feed'))),
      after('post', async () => {
        const answer = await author.request<{ id: Id }>('POST', '/v1/posts', { body: { content: 'x' } });
        good(answer);
        posted.push(answer.body.id);
      }),
      after('read', async () => good(await reader.request('GET', '/v1/feed'))),
      after('like', async () => good(await reader.request('PUT', `/v1/posts/${posted.at(-1)}/like`))),
    ];
  };

  it('no request fails, and every post reaches every feed once', async () => {
    const load = new Workload(Array.from({ length: CLIENTS }, (_, index) => client(index)));
    try {
      await until(() => load.rounds > ROUNDS, { what: 'the load to be under way', timeoutMs: 60_000 });
      for (const name of ['main', 'worker', 'main', 'worker'] as const) await replace(name);
      const enough = load.rounds + ROUNDS;
      await until(() => load.rounds >= enough || load.failures.length > 0, {
        what: 'the load to go on',
        timeoutMs: 60_000,
      });
    } finally {
      await load.stop();
    }
    const figures = { requests: load.spans.length, failures: load.failures.length, posts: posted.length };
    process.stdout.write(`Rolling restart: ${JSON.stringify(figures)}\n`);
    expect(load.failures).toEqual([]);

    await settle(database, 60_000);
    const ids = readers.map(({ id }) => id);
    for (const id of posted) {
      const copies = [...(await redis.copiesOf(id, ids)).values()];
      expect([id, copies.filter((count) => count !== 1)]).toEqual([id, []]);
    }
  }, 240_000);
});
