import type { Id } from '../../src/common/id.js';
import { ApiClient, type Member } from '../support/api-client.js';
import { createFollows, createUsers, memberFactory } from '../support/factories.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { RedisFailover, type Shard } from '../support/redis-failover.js';
import { TestRedis } from '../support/redis.js';
import { settle, until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const FOLLOWERS = 300;
/** From a failover until everything that it swallowed is there again. */
const REPAIRED_WITHIN_MS = 60_000;

describe('Writes that a master of Redis acknowledged and lost', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let failover: RedisFailover;
  let api: TestProcess;
  let worker: TestProcess;
  let author: Member;
  let other: Member;
  let followers: Id[];
  let memberOf: (id: Id) => Member;
  /** Those of the followers whose feeds lie in the shard that fails. */
  let concerned: Id[];
  let shard: Shard;
  const started: TestProcess[] = [];

  async function start(name: 'main' | 'worker'): Promise<TestProcess> {
    const process = await startProcess(name, testEnv(database.name));
    started.push(process);
    return process.ready();
  }

  beforeAll(async () => {
    database = await TestDatabase.create();
    redis = new TestRedis(database.config);
    failover = new RedisFailover(redis);
    [api, worker] = await Promise.all([start('main'), start('worker')]);
    memberOf = memberFactory(database, new ApiClient(api.url));
    const [authorId, otherId, ...rest] = await createUsers(database, FOLLOWERS + 2);
    followers = rest;
    await createFollows(
      database,
      followers.map((id) => [id, authorId!]),
    );
    author = memberOf(authorId!);
    other = memberOf(otherId!);
    for (const id of followers) await memberOf(id).feed();
    await redis.command('get', 'x'); // the client knows the nodes from now on
    shard = await failover.shardOf(redis.feedKey(followers[0]!));
    const shards = await Promise.all(followers.map((id) => failover.shardOf(redis.feedKey(id))));
    concerned = followers.filter((_, index) => shards[index]!.master === shard.master);
    if (concerned.length < 10) throw new Error('hardly a feed lies in the shard: the test would prove nothing');
  }, 120_000);
  afterEach(() => failover?.restore(shard), 120_000);
  afterAll(async () => {
    await Promise.all(started.map((process) => process.stop('SIGKILL')));
    await redis?.close();
    await database?.drop();
  });

  interface Written {
    added: Id;
    deleted: Id;
    left: Id;
    found: Id;
    leaver: Id;
    newcomer: Id;
  }

  /** Something of everything that feeds hear of, while the replica hears nothing. @param lose cuts the replica off */
  async function write(lose: () => Promise<void>): Promise<Written> {
    const [leaver, newcomer] = [concerned[0]!, concerned[1]!];
    await memberOf(leaver).follow(other);
    await memberOf(newcomer).unfollow(other);
    const deleted = await author.post('to be deleted');
    const left = await other.post('of somebody who is left');
    await settle(database);
    await lose();
    const added = await author.post('to be lost');
    await author.request('DELETE', `/v1/posts/${deleted.id}`);
    await memberOf(leaver).unfollow(other);
    await memberOf(newcomer).follow(other);
    await settle(database);
    const written = { added: added.id, deleted: deleted.id, left: left.id, found: left.id, leaver, newcomer };
    expect(await wrong(written)).toEqual([]);
    return written;
  }

  /** What is not as it was acknowledged, in Redis itself: no reading may mend it. */
  async function wrong({ added, deleted, left, found, leaver, newcomer }: Written): Promise<string[]> {
    const [copies, ghosts, leavers, newcomers] = await Promise.all([
      redis.copiesOf(added, followers),
      redis.copiesOf(deleted, followers),
      redis.copiesOf(left, [leaver]),
      redis.copiesOf(found, [newcomer]),
    ]);
    const problems: string[] = [];
    if ([...copies.values()].some((count) => count !== 1)) problems.push('a post is missing');
    if ([...ghosts.values()].some((count) => count !== 0)) problems.push('a deleted post is there');
    if (leavers.get(leaver) !== 0) problems.push('a post of somebody who was left is there');
    if (newcomers.get(newcomer) !== 1) problems.push('a post of somebody who was followed is missing');
    return problems;
  }

  const everything = [
    'a post is missing',
    'a deleted post is there',
    'a post of somebody who was left is there',
    'a post of somebody who was followed is missing',
  ];

  const repaired = (written: Written) =>
    until(async () => (await wrong(written)).length === 0, {
      what: 'feeds to be as they were acknowledged',
      timeoutMs: REPAIRED_WITHIN_MS,
    });

  it('are written again when a replica takes over, without anybody reading', async () => {
    const written = await write(() => failover.cutOff(shard));
    await failover.failOver(shard);
    expect(await until(() => wrong(written), { what: 'the new master to answer' })).toEqual(everything);
    await repaired(written);
  }, 240_000);

  it('are written again when no worker was there to see it, and the first one dies over it', async () => {
    const written = await write(() => failover.cutOff(shard));
    await worker.stop('SIGKILL');
    await failover.failOver(shard);
    expect(await until(() => wrong(written), { what: 'the new master to answer' })).toEqual(everything);

    const first = await start('worker');
    const isAtIt = async () => {
      const [row] = await database.query<{ from: Date | null }>('SELECT replay_from AS `from` FROM redis_watch');
      return row!.from !== null;
    };
    await until(isAtIt, { what: 'the failover to be noticed' });
    await first.stop('SIGKILL');
    expect(await wrong(written)).not.toEqual([]);
    worker = await start('worker');
    await repaired(written);
  }, 240_000);

  it('are written again when the master itself comes back at once with less than it had', async () => {
    const written = await write(async () => {
      await failover.cutOff(shard);
      await failover.stopSaving(shard);
    });
    await failover.restart(shard);
    expect(await until(() => wrong(written), { what: 'the master to answer' })).toEqual(everything);
    await repaired(written);
  }, 240_000);
});
