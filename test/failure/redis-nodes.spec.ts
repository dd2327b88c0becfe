import type { Id } from '../../src/common/id.js';
import { ApiClient, type Member } from '../support/api-client.js';
import { createFollows, createUsers, memberFactory } from '../support/factories.js';
import { CutOff } from '../support/cut-off.js';
import { Metrics } from '../support/metrics.js';
import { countsEverywhere } from '../support/post-counts.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { RedisFailover, type Shard } from '../support/redis-failover.js';
import { TestRedis } from '../support/redis.js';
import { services } from '../support/services.js';
import { settle, settleCounts, until } from '../support/settle.js';
import { SteadyLoad, type LoadFigures, type Request } from '../support/steady-load.js';
import { testEnv, type TestEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const READERS = 60;
const AUTHORS = 5;
/** What two cores that also run all the services, and other tests, answer without a queue. `npm run bench -- failures` sets more. */
const PER_SECOND = Number(process.env['FAILURES_PER_SECOND'] ?? 60);
/** Of load after a failure has begun, or is over. */
const SECONDS = Number(process.env['FAILURES_SECONDS'] ?? 8);
/** So many clients that wait for their answers send as much, before anything fails, as a load does after a failure. */
const WARM_CLIENTS = 8;
/** Of a load; posts that are liked are few, so that many like the same. */
const POSTS_PER_THOUSAND = 30;
const LIKES_PER_THOUSAND = 150;
const LIKED_POSTS = 10;
/** From the end of a failure until everything is as if it had not been. */
const HEALED_WITHIN_MS = 60_000;

describe('Under load, when of the nodes of Redis', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let failover: RedisFailover;
  let api: ApiClient;
  let readers: Member[];
  let authors: Member[];
  let shard: Shard;
  let posted: Id[];
  const processes: TestProcess[] = [];
  const cutOff = new CutOff();
  const env: TestEnv = { REDIS_REQUEST_BUDGET: '100ms' };

  beforeAll(async () => {
    database = await TestDatabase.create();
    redis = new TestRedis(database.config);
    failover = new RedisFailover(redis);
    for (const name of ['main', 'worker'] as const) {
      const cut = name === 'main' ? cutOff.env : {};
      processes.push(await startProcess(name, testEnv(database.name, { ...env, ...cut })));
    }
    await Promise.all(processes.map((process) => process.ready()));
    api = new ApiClient(processes[0]!.url);
    const memberOf = memberFactory(database, api);
    const ids = await createUsers(database, READERS + AUTHORS);
    authors = ids.slice(0, AUTHORS).map(memberOf);
    readers = ids.slice(AUTHORS).map(memberOf);
    await createFollows(
      database,
      readers.flatMap((reader) => authors.map((author): [Id, Id] => [reader.id, author.id])),
    );
    for (const reader of readers) await reader.feed();
    await redis.command('get', 'x'); // the client knows the nodes from now on
    await warmUp();
    shard = await failover.shardOf(redis.feedKey(readers[0]!.id));
  }, 240_000);
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop('SIGKILL')));
    cutOff.close();
    await redis?.close();
    await database?.drop();
  });

  /** Code is compiled while it first runs; what fails later fails in processes that have run for a while. */
  async function warmUp(): Promise<void> {
    posted = [(await authors[0]!.post('the first')).id];
    let left = PER_SECOND * SECONDS;
    const client = async (): Promise<void> => {
      while (left-- > 0) await next()();
    };
    await Promise.all(Array.from({ length: WARM_CLIENTS }, client));
    await settle(database, HEALED_WITHIN_MS);
  }

  const any = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)]!;

  const readsFeed = (): Request => {
    const reader = any(readers);
    return async () => (await reader.request('GET', '/v1/feed')).status;
  };

  function next(): Request {
    const dice = Math.random() * 1_000;
    if (dice < POSTS_PER_THOUSAND) {
      return async () => {
        const { status, body } = await any(authors).request<{ id: Id }>('POST', '/v1/posts', {
          body: { content: 'x' },
        });
        if (status === 201) posted.push(body.id);
        return status;
      };
    }
    if (dice < POSTS_PER_THOUSAND + LIKES_PER_THOUSAND) {
      const reader = any(readers);
      const post = any(posted.slice(0, LIKED_POSTS));
      const method = Math.random() < 0.7 ? 'PUT' : 'DELETE';
      return async () => (await reader.request(method, `/v1/posts/${post}/like`)).status;
    }
    return readsFeed();
  }

  /** @param work is given what lets the load go on for so many seconds */
  async function withLoad(
    requests: () => Request,
    work: (more: (seconds: number) => Promise<unknown>) => Promise<unknown>,
  ): Promise<LoadFigures> {
    const load = new SteadyLoad(PER_SECOND, requests);
    try {
      await work((seconds) => {
        const enough = load.requests + seconds * PER_SECOND;
        return until(() => load.requests >= enough, { what: 'the load to go on', timeoutMs: seconds * 2_000 + 20_000 });
      });
    } finally {
      await load.stop();
    }
    const figures = await load.stop();
    const { currentTestName } = expect.getState();
    process.stdout.write(`Failure: ${JSON.stringify({ case: currentTestName, perSecond: PER_SECOND, ...figures })}\n`);
    return figures;
  }

  /** Load before, while and after something happens. */
  async function underLoad(work: () => Promise<unknown>): Promise<LoadFigures> {
    posted = [(await authors[0]!.post('the first')).id];
    return withLoad(next, async (more) => {
      await more(2);
      await work();
      await more(SECONDS);
    });
  }

  /** @returns the errors, if more than one in a thousand requests had one */
  const tooManyErrors = ({ requests, errors }: LoadFigures): LoadFigures['errors'] =>
    Object.values(errors).reduce((sum, count) => sum + count, 0) > requests / 1_000 ? errors : {};

  /** Every post of the load is once in every feed, and every count is right, without help of anybody but readers. */
  async function expectNothingLost(): Promise<void> {
    await settle(database, HEALED_WITHIN_MS);
    await settleCounts(database, HEALED_WITHIN_MS);
    const ids = readers.map(({ id }) => id);
    const lacking = async (): Promise<string[]> => {
      for (const reader of readers) await reader.feed({ limit: 1 }); // builds what is gone
      const copies = await Promise.all(posted.map((id) => redis.copiesOf(id, ids)));
      return copies.flatMap((some, index) =>
        [...some]
          .filter(([, count]) => count !== 1)
          .map(([id, count]) => `${posted[index]} is ${count} times at ${id}`),
      );
    };
    await until(async () => (await lacking()).length === 0, {
      what: 'feeds to be whole',
      timeoutMs: HEALED_WITHIN_MS,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${(await lacking()).slice(0, 5).join(', ')}`, { cause: error });
    });
    for (const post of posted.slice(0, LIKED_POSTS)) {
      const { rows, mysql, api, redis: kept } = await countsEverywhere(database, redis, readers[0]!, post);
      expect([post, mysql, api, kept ?? rows]).toEqual([post, rows, rows, rows]);
    }
  }

  it('a master is killed, hardly a request fails, and nothing is lost', async () => {
    const name = failover.serviceOf(shard.master);
    try {
      const figures = await underLoad(async () => {
        await services.kill(name);
        await failover.untilRole(shard.replica, 'master');
      });
      expect(tooManyErrors(figures)).toEqual({});
      await expectNothingLost();
    } finally {
      await failover.restore(shard);
    }
  }, 240_000);

  it('a master is frozen for ten seconds, hardly a request fails, and nothing is lost', async () => {
    try {
      const figures = await underLoad(async () => {
        const begunMs = performance.now();
        await services.whileFrozen(failover.serviceOf(shard.master), () =>
          until(() => performance.now() - begunMs > 10_000, { what: 'ten seconds to pass' }),
        );
      });
      expect(tooManyErrors(figures)).toEqual({});
      await expectNothingLost();
    } finally {
      await failover.restore(shard);
    }
  }, 240_000);

  it('the API is cut off from one for ten seconds, hardly a request fails, and nothing is lost', async () => {
    const before = await Metrics.of(api);
    const figures = await underLoad(async () => {
      const begunMs = performance.now();
      cutOff.from(Number(shard.master.split(':')[1]));
      await until(() => performance.now() - begunMs > 10_000, { what: 'ten seconds to pass' });
      cutOff.end();
    });
    const opened = (await Metrics.of(api)).grown(before, 'redis_breaker_transitions_total', { to: 'open' }, 'node');
    expect(opened).toEqual([shard.master]);
    expect(tooManyErrors(figures)).toEqual({});
    await expectNothingLost();
  }, 240_000);

  it('one loses all its data, hardly a request fails, and feeds and counts are whole again', async () => {
    const figures = await underLoad(async () => (await failover.node(shard.master)).flushall());
    expect(tooManyErrors(figures)).toEqual({});
    await expectNothingLost();
  }, 240_000);

  it('one gives slots away, hardly a request fails, and nothing is lost', async () => {
    const figures = await underLoad(() =>
      failover.moveSlotsOf(
        readers.map(({ id }) => redis.feedKey(id)),
        shard,
      ),
    );
    expect(tooManyErrors(figures)).toEqual({});
    await expectNothingLost();
  }, 240_000);

  it('all six are killed and started again, hardly a request fails, and nothing is lost', async () => {
    const figures = await underLoad(() => services.whileRedisIsDead(async () => undefined));
    expect(tooManyErrors(figures)).toEqual({});
    await expectNothingLost();
  }, 240_000);

  it('all six are away, no request fails', async () => {
    const figures = await services.whileRedisIsDead(() => withLoad(readsFeed, (more) => more(SECONDS)));
    expect(figures.errors).toEqual({});
  }, 240_000);
});
