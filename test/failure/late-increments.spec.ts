import calculateSlot from 'cluster-key-slot';
import type { LikeState } from '../support/answers.js';
import { ApiClient, type Member } from '../support/api-client.js';
import type { Post } from '../support/contract.js';
import { CutOff } from '../support/cut-off.js';
import { countsInRedis, countsKey } from '../support/post-counts.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { TestRedis } from '../support/redis.js';
import { settleCounts, until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

describe('Increments that arrive after a check', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let api: ApiClient;
  const cutOff = new CutOff();
  const processes: TestProcess[] = [];

  beforeAll(async () => {
    database = await TestDatabase.create();
    redis = new TestRedis(database.config);
    for (const name of ['main', 'worker'] as const) {
      const env = name === 'main' ? { REDIS_REQUEST_BUDGET: '100ms', ...cutOff.env } : {};
      processes.push(await startProcess(name, testEnv(database.name, env)));
    }
    await Promise.all(processes.map((process) => process.ready()));
    api = new ApiClient(processes[0]!.url);
  }, 90_000);
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop('SIGKILL')));
    cutOff.close();
    await redis?.close();
    await database?.drop();
  });

  /** `host:port` of the master that a key lies on. */
  const masterOf = (key: string): string => redis.clients.for('background').slots[calculateSlot(key)]![0]!;

  it('leave no wrong count: the API is cut off from a master, the worker is not, and what was sent arrives at last', async () => {
    const author = await api.register();
    const { id } = await author.post();
    await until(() => countsInRedis(redis, id), { what: 'the counts to be kept' });
    const master = masterOf(countsKey(id));
    // Of these nothing else lies there that would use up what their requests may wait for Redis.
    const likers: Member[] = [];
    while (likers.length < 3) {
      const member = await api.register();
      if (masterOf(`own-writes:${member.id}`) !== master) likers.push(member);
    }
    const [first, ...others] = likers as [Member, ...Member[]];
    await first.request('PUT', `/v1/posts/${id}/like`);
    await until(async () => (await countsInRedis(redis, id))?.likes === 1, { what: 'the first like' });
    await settleCounts(database);

    await cutOff.hold(Number(master.split(':')[1]));
    for (const liker of others)
      expect((await liker.request<LikeState>('PUT', `/v1/posts/${id}/like`)).status).toBe(200);
    await settleCounts(database);
    expect(await countsInRedis(redis, id)).toEqual({ likes: 3, comments: 0 });
    cutOff.end();
    await until(async () => (await countsInRedis(redis, id)) === undefined, { what: 'the counts to be forgotten' });
    expect((await first.get<Post>(`/v1/posts/${id}`)).likeCount).toBe(3);
  }, 120_000);
});
