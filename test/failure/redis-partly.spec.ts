import calculateSlot from 'cluster-key-slot';
import type { Id } from '../../src/common/id.js';
import type { Page, Post } from '../support/contract.js';
import { countsInRedis, countsKey } from '../support/post-counts.js';
import { RedisFailover } from '../support/redis-failover.js';
import { services } from '../support/services.js';
import { settleCounts } from '../support/settle.js';
import { StatementLog } from '../support/statements.js';
import { TestApp } from '../support/test-app.js';

const POSTS = 20;

describe('While something is the matter with one node of Redis', () => {
  let app: TestApp | undefined;
  afterEach(() => app?.close());

  it('a master stands still, and what the others hold of a page is not read from MySQL', async () => {
    app = await TestApp.start();
    const failover = new RedisFailover(app.redis);
    const author = await app.api.register();
    const ids: Id[] = [];
    for (let i = 0; i < POSTS; i++) ids.push((await author.post(`post ${i}`)).id);
    const keyOf = (id: Id): string => `post:{${id}}:body`;
    const { slots } = app.redis.clients.for('background');
    const ownerOf = (key: string): string => slots[calculateSlot(key)]![0]!;
    // A request that waits for the author's last write has waited for Redis long enough, and asks nobody else.
    const asked = ownerOf(`own-writes:${author.id}`);
    const master = ids.map((id) => ownerOf(keyOf(id))).find((owner) => owner !== asked)!;
    const hidden = ids.filter((id) => ownerOf(keyOf(id)) === master);
    expect(hidden.length).toBeLessThan(POSTS);

    const log = new StatementLog(app.nest);
    // Who has just written reads masters only.
    const { status, body } = await services.whileFrozen(failover.serviceOf(master), () =>
      author.request<Page<Post>>('GET', `/v1/users/${author.id}/posts?limit=${POSTS}`),
    );

    expect(status).toBe(200);
    expect(body.items.map(({ id }) => id)).toEqual(ids.toReversed());
    const read = (where: RegExp) =>
      new Set(log.all.filter(({ sql }) => where.test(sql)).flatMap(({ parameters }) => parameters.flat()));
    expect(read(/FROM posts WHERE id IN/)).toEqual(new Set(hidden));
    expect(read(/WHERE p\.id IN .* p\.deleted_at IS NULL/)).toEqual(new Set(hidden));
  }, 60_000);

  it('a replica is away and its master has just taken over, and counts are corrected all the same', async () => {
    // A wait for a replica takes as long.
    const started = (app = await TestApp.start({ env: { REDIS_REQUEST_BUDGET: '100ms' } }));
    const failover = new RedisFailover(app.redis);
    const author = await app.api.register();
    const { id } = await author.post('liked');
    const { master, replica } = await failover.shardOf(countsKey(id));
    await services.whileDead(failover.serviceOf(replica), async () => {
      await (await failover.node(master)).script('FLUSH'); // it knows no scripts either
      await author.request('PUT', `/v1/posts/${id}/like`);
      await started.redis.command('hset', countsKey(id), 'likes', 7);
      await settleCounts(started.database, 30_000);
    });
    expect(await countsInRedis(app.redis, id)).toEqual({ likes: 1, comments: 0 });
  }, 60_000);
});
