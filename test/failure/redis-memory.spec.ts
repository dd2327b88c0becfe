import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Member } from '../support/api-client.js';
import type { Post } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

/** Room for caches beyond what is there when the test begins. */
const ROOM_BYTES = 4 * 1024 * 1024;
const FILLER = randomBytes(8 * 1024).toString('base64');
const BATCH = 100;
/** Bounds the filling: three nodes of this room take about 1,200 fillers. */
const MOST_BATCHES = 200;

describe('When the memory of Redis is used up', () => {
  let app: TestApp;
  let masters: Redis[];
  let limits: string[];

  beforeAll(async () => {
    app = await TestApp.start();
    await app.redis.command('ping-unused', 'x').catch(() => undefined); // the client knows the nodes from now on
    masters = app.redis.clients.for('background').nodes('master');
    limits = await Promise.all(masters.map(async (node) => (await limitOf(node))!));
  });
  afterAll(async () => {
    await Promise.all((masters ?? []).map((node, index) => node.config('SET', 'maxmemory', limits[index]!)));
    await app?.close();
  });

  const limitOf = async (node: Redis): Promise<string | undefined> =>
    ((await node.config('GET', 'maxmemory')) as string[])[1];
  const infoOf = async (node: Redis, section: string, field: string): Promise<number> =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await node.info(section))![1]);
  const evicted = () => Promise.all(masters.map((node) => infoOf(node, 'stats', 'evicted_keys')));

  /** Leaves each node little room, and fills it with caches until every node has evicted some. */
  async function fill(prefix: string): Promise<void> {
    for (const node of masters) {
      await node.config('SET', 'maxmemory', String((await infoOf(node, 'memory', 'used_memory')) + ROOM_BYTES));
    }
    const before = await evicted();
    const done = async () => (await evicted()).every((count, index) => count > before[index]! + 50);
    for (let batch = 0; batch < MOST_BATCHES && !(await done()); batch++) {
      const keys = Array.from({ length: BATCH }, (_, index) => `${prefix}:${batch * BATCH + index}`);
      await app.redis.commands(keys.map((key) => ({ name: 'set', key, args: [key, FILLER, 'EX', 600] })));
    }
    expect(await done()).toBe(true);
  }

  it('caches are evicted, feeds and counts are not, and the service goes on', async () => {
    const [author, ...readers] = (await app.api.registerMany(6)) as [Member, ...Member[]];
    for (const reader of readers) await reader.follow(author);
    for (const reader of readers) await reader.feed();
    const [newest, ...older] = await author.postMany(5);
    await app.settle();
    // Liked at the last moment: what is not written back yet must not depend on Redis.
    for (const reader of readers) await reader.request('PUT', `/v1/posts/${newest}/like`);
    const feeds = await Promise.all(readers.map((reader) => app.redis.members(reader.id)));

    const prefix = `test:filler:${randomBytes(4).toString('hex')}`;
    await fill(prefix);

    // Whatever was cached of these posts may be gone by now; to be sure that something is:
    await Promise.all([newest!, ...older].map((id) => app.redis.command('del', `post:{${id}}:body`)));
    await app.redis.command('del', `post:{${newest}}:counts`);

    expect(await Promise.all(readers.map((reader) => app.redis.members(reader.id)))).toEqual(feeds);
    for (const reader of readers) {
      expect(await reader.feedIds()).toEqual([newest, ...older]);
      expect(await reader.get<Post>(`/v1/posts/${newest}`)).toMatchObject({ likeCount: 5, likedByMe: true });
    }
    const more = await author.post('while memory is short');
    await app.settle();
    for (const reader of readers) expect((await reader.feedIds())[0]).toBe(more.id);
    expect((await readers[0]!.request('DELETE', `/v1/posts/${newest}/like`)).body).toEqual({
      liked: false,
      likeCount: 4,
    });
  });
});
