import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Id } from '../../src/common/id.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { ENTITIES_LIST } from '../../src/entities.js';
import { DatabaseModule } from '../../src/infrastructure/database/database.module.js';
import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { StructuredLogger } from '../../src/infrastructure/logging/structured-logger.js';
import { MetricsModule } from '../../src/infrastructure/metrics/metrics.module.js';
import { RedisModule } from '../../src/infrastructure/redis/redis.module.js';
import { CountCheckStep } from '../../src/modules/post-counts/count-check.js';
import { CountChecksRepository } from '../../src/modules/post-counts/count-checks.repository.js';
import { CountFlush } from '../../src/modules/post-counts/count-flush.js';
import { CountFlushMetrics } from '../../src/modules/post-counts/count-flush.metrics.js';
import { CountFlushRepository } from '../../src/modules/post-counts/count-flush.repository.js';
import { PostCountsModule } from '../../src/modules/post-counts/post-counts.module.js';
import { PostCountsStore } from '../../src/modules/post-counts/post-counts.store.js';
import type { Member } from '../support/api-client.js';
import type { LikeState } from '../support/answers.js';
import type { Post } from '../support/contract.js';
import { createPosts, createUsers } from '../support/factories.js';
import { countsInMysql, countsInRedis, countsKey, countsEverywhere } from '../support/post-counts.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

describe('The counts of posts', () => {
  let app: TestApp;
  let author: Member;
  let fans: Member[];
  /** Two workers that do nothing by themselves. */
  let first: Hands;
  let second: Hands;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    [author, ...fans] = (await app.api.registerMany(6)) as [Member, ...Member[]];
    first = await Hands.start(app);
    second = await Hands.start(app);
  });
  afterAll(async () => {
    await first?.close();
    await second?.close();
    await app?.close();
  });

  const like = async (who: Member, postId: Id, method = 'PUT'): Promise<number> =>
    (await app.api.expect<LikeState>(200, method, `/v1/posts/${postId}/like`, { token: who.token })).body.likeCount;
  const shown = async (postId: Id): Promise<number> => (await author.get<Post>(`/v1/posts/${postId}`)).likeCount;
  const inRedis = (postId: Id) => countsInRedis(app.redis, postId);
  const setInRedis = (postId: Id, likes: number) => app.redis.command('hset', countsKey(postId), 'likes', likes);
  const exact = (likes: number, comments = 0) => {
    const counts = { likes, comments };
    return { rows: counts, mysql: counts, redis: counts, api: counts };
  };
  const everywhere = (postId: Id) => countsEverywhere(app.database, app.redis, author, postId);
  /** Runs checks until none is left; those of a flush are due after a second. */
  const checked = () =>
    until(
      async () => {
        await first.checks.run();
        return (await app.database.query('SELECT 1 FROM post_count_checks LIMIT 1')).length === 0;
      },
      { what: 'all checks' },
    );
  /** What a process leaves that is killed right after its commit. */
  const likeWithoutIncrement = async (who: Member, postId: Id): Promise<void> => {
    const now = new Date();
    await app.database.execute('INSERT INTO likes VALUES (?, ?, ?)', [postId, who.id, now]);
    await app.database.execute(
      'INSERT INTO post_count_changes (post_id, likes, comments, created_at) VALUES (?, 1, 0, ?)',
      [postId, now],
    );
  };

  it('are in Redis at once and in MySQL with the next flush, in one update', async () => {
    const { id } = await author.post();
    for (const [index, fan] of fans.entries()) expect(await like(fan, id)).toBe(index + 1);
    expect(await like(fans[0]!, id, 'DELETE')).toBe(fans.length - 1);
    await app.api.expect(201, 'POST', `/v1/posts/${id}/comments`, { token: author.token, body: { content: 'x' } });
    expect(await inRedis(id)).toEqual({ likes: fans.length - 1, comments: 1 });
    expect(await countsInMysql(app.database, id)).toEqual({ likes: 0, comments: 0 });

    await first.flush.run();
    expect(await everywhere(id)).toEqual(exact(fans.length - 1, 1));
    expect(await app.database.query('SELECT * FROM post_count_changes')).toEqual([]);
  });

  it('are exact when two flush at once while more comes in', async () => {
    const [writer] = await createUsers(app.database, 1);
    const posts = await createPosts(
      app.database,
      writer!,
      Array.from({ length: 40 }, () => new Date()),
    );
    const insert = async (): Promise<void> => {
      const rows = posts.flatMap((post) => Array.from({ length: 20 }, (_, n) => [post, 1, n % 2, new Date()]));
      await app.database.execute('INSERT INTO post_count_changes (post_id, likes, comments, created_at) VALUES ?', [
        rows,
      ]);
    };
    for (let round = 0; round < 20; round++) {
      await Promise.all([insert(), insert(), first.flush.run(), second.flush.run()]);
    }
    await first.flush.run();
    const counts = await Promise.all(posts.map((post) => countsInMysql(app.database, post)));
    expect(new Set(counts.map(({ likes, comments }) => `${likes} ${comments}`))).toEqual(new Set(['800 400']));
    expect(await app.database.query('SELECT * FROM post_count_changes')).toEqual([]);
  });

  it('are exact when a flush dies before its commit', async () => {
    const { id } = await author.post();
    await like(fans[0]!, id);
    await first.flush.run();
    await like(fans[1]!, id);

    const holder = await app.database.connect();
    await holder.beginTransaction();
    await holder.query('SELECT * FROM post_counts WHERE post_id = ? FOR UPDATE', [id]);
    const dying = second.flush.run().catch((error: unknown) => error);
    await until(() => app.database.hasLockWait(), { what: 'the flush in the middle of its transaction' });
    second.dropConnections();
    expect(await dying).toBeInstanceOf(Error);
    await holder.commit();
    await holder.end();

    await until(
      async () => {
        await first.flush.run();
        return (await countsInMysql(app.database, id)).likes === 2;
      },
      { what: 'the next flush' },
    );
    expect(await everywhere(id)).toEqual(exact(2));
  });

  it('do not fall below zero when an unlike is seen before its like', async () => {
    const { id } = await author.post();
    const insert = 'INSERT INTO post_count_changes (post_id, likes, comments, created_at) VALUES (?, ?, 0, ?)';
    const slow = await app.database.connect();
    await slow.beginTransaction();
    await slow.query(insert, [id, 1, new Date()]);
    await app.database.execute(insert, [id, -1, new Date()]);
    await first.flush.run();
    expect(await app.database.query('SELECT likes FROM post_count_changes WHERE post_id = ?', [id])).toHaveLength(1);
    expect(await shown(id)).toBe(0);
    await slow.commit();
    await slow.end();

    await first.flush.run();
    expect(await app.database.query('SELECT likes FROM post_count_changes')).toEqual([]);
    expect(await everywhere(id)).toEqual(exact(0));
  });

  it('are read from MySQL when Redis has evicted them, pending changes included', async () => {
    const { id } = await author.post();
    await like(fans[0]!, id);
    await first.flush.run();
    await like(fans[1]!, id);
    await app.redis.command('del', countsKey(id));
    expect(await shown(id)).toBe(2);
    expect(await inRedis(id)).toEqual({ likes: 2, comments: 0 });

    await app.redis.command('del', countsKey(id));
    expect(await like(fans[2]!, id)).toBe(3);
    expect(await inRedis(id)).toEqual({ likes: 3, comments: 0 });
    const ttlMs = await app.redis.command<number>('pttl', countsKey(id));
    expect(ttlMs).toBeGreaterThan(0.85 * app.config.posts.cacheTtlMs);
  });

  it('are corrected in Redis when the increment was lost', async () => {
    const { id } = await author.post();
    await likeWithoutIncrement(fans[0]!, id);
    expect(await inRedis(id)).toEqual({ likes: 0, comments: 0 });
    await first.flush.run();
    await checked();
    expect(await everywhere(id)).toEqual(exact(1));
  });

  it.each([
    ['a failover lost the last ones', 1],
    ['some were counted twice', 9],
  ])('are corrected by the check of the next change when %s, and by nothing else', async (_, wrong) => {
    const { id } = await author.post();
    for (const fan of fans.slice(0, 4)) await like(fan, id);
    await first.flush.run();
    await checked();
    await setInRedis(id, wrong);
    await first.flush.run();
    await first.checks.run();
    expect(await inRedis(id)).toEqual({ likes: wrong, comments: 0 });

    await like(fans[4]!, id);
    await first.flush.run();
    await checked();
    expect(await everywhere(id)).toEqual(exact(5));
  });

  it('are left alone by a check while changes may be on their way, unless they are further off than those explain', async () => {
    const { id } = await author.post();
    await like(fans[0]!, id);
    await first.flush.run();
    await likeWithoutIncrement(fans[1]!, id);
    await due();
    await first.checks.run();
    expect(await inRedis(id)).toEqual({ likes: 1, comments: 0 });
    expect(await app.database.query('SELECT 1 FROM post_count_checks WHERE post_id = ?', [id])).toHaveLength(1);

    await setInRedis(id, 7);
    await due();
    await first.checks.run();
    expect(await inRedis(id)).toEqual({ likes: 2, comments: 0 });
    await first.flush.run();
    await checked();
    expect(await everywhere(id)).toEqual(exact(2));
  });

  it('are not set back by a check that an increment overtook', async () => {
    const { id } = await author.post();
    await likeWithoutIncrement(fans[0]!, id);
    await first.flush.run();
    await due();
    await first.afterNextRead(async () => void (await like(fans[1]!, id)));
    await first.checks.run();
    // It was one behind, and another one came in; a check that had set it would say 1.
    expect(await inRedis(id)).toEqual({ likes: 1, comments: 0 });
    expect(await app.database.query('SELECT 1 FROM post_count_checks WHERE post_id = ?', [id])).toHaveLength(1);
    await first.flush.run();
    await checked();
    expect(await everywhere(id)).toEqual(exact(2));
  });

  it('stay to be checked when they changed while a check was under way', async () => {
    const { id } = await author.post();
    await like(fans[0]!, id);
    await first.flush.run();
    await due();
    await first.afterNextRead(async () => {
      // MySQL says again what the check has seen in Redis, which has gone wrong since.
      await like(fans[1]!, id);
      await like(fans[0]!, id, 'DELETE');
      await second.flush.run();
      await setInRedis(id, 9);
    });
    await first.checks.run();
    expect(await app.database.query('SELECT 1 FROM post_count_checks WHERE post_id = ?', [id])).toHaveLength(1);
    await checked();
    expect(await everywhere(id)).toEqual(exact(1));
  });

  it('are kept only where none are kept, and corrected only where some are', async () => {
    const { id } = await author.post();
    await like(fans[0]!, id);
    await first.store.fill(new Map([[id, { likes: 70, comments: 7 }]]));
    expect(await inRedis(id)).toEqual({ likes: 1, comments: 0 });
    await app.redis.command('del', countsKey(id));
    const seen = { likes: 1, comments: 0 };
    expect(await first.store.correct([{ postId: id, seen, right: { likes: 5, comments: 5 } }])).toEqual([false]);
    expect(await first.store.increment([{ postId: id, likes: 1, comments: 0 }])).toEqual([undefined]);
    expect(await inRedis(id)).toBeUndefined();
  });

  it('of a post that is gone come back neither by a flush nor by a check', async () => {
    const { id } = await author.post();
    await like(fans[0]!, id);
    await first.flush.run();
    await app.database.execute('DELETE FROM post_counts WHERE post_id = ?', [id]);
    await app.database.execute('DELETE FROM posts WHERE id = ?', [id]);
    await likeWithoutIncrement(fans[1]!, id);
    await first.flush.run();
    await checked();
    for (const table of ['post_counts', 'post_count_changes', 'post_count_checks']) {
      expect(await app.database.query(`SELECT * FROM ${table} WHERE post_id = ?`, [id])).toEqual([]);
    }
  });

  /** Makes all checks due. */
  async function due(): Promise<void> {
    await app.database.execute('UPDATE post_count_checks SET due_at = ?', [new Date(0)]);
  }
});

/** What a worker uses to write counts back, to be used by hand. */
class Hands {
  private constructor(private readonly context: INestApplicationContext) {}

  static async start({ config }: TestApp): Promise<Hands> {
    @Module({
      imports: [
        ConfigModule.forRoot(config),
        MetricsModule,
        DatabaseModule.forRoot(ENTITIES_LIST),
        RedisModule,
        PostCountsModule,
      ],
      providers: [CountFlushRepository, CountChecksRepository, CountFlushMetrics, CountFlush, CountCheckStep],
    })
    class ByHand {}
    const logger = new StructuredLogger(config, 'worker');
    return new Hands(await NestFactory.createApplicationContext(ByHand, { logger, abortOnError: false }));
  }

  get flush(): CountFlush {
    return this.context.get(CountFlush, { strict: false });
  }

  get checks(): CountCheckStep {
    return this.context.get(CountCheckStep, { strict: false });
  }

  get store(): PostCountsStore {
    return this.context.get(PostCountsStore, { strict: false });
  }

  /** Does something between the next look of a check at Redis and its look at MySQL. */
  async afterNextRead(work: () => Promise<void>): Promise<void> {
    const { store } = this;
    const read = store.read.bind(store);
    store.read = async (...args) => {
      const seen = await read(...args);
      store.read = read;
      await work();
      return seen;
    };
  }

  dropConnections(): void {
    this.context.get(DatabaseNodes, { strict: false }).primary.dropConnections();
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
