import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Redis } from 'ioredis';
import { AppModule } from '../../src/app.module.js';
import type { Id } from '../../src/common/id.js';
import { TransactionHost } from '../../src/infrastructure/database/transaction-host.js';
import { databaseUnavailable } from '../../src/infrastructure/database/transaction-scope.js';
import { RedisClients } from '../../src/infrastructure/redis/redis-clients.js';
import { RedisUnavailableError } from '../../src/infrastructure/redis/redis-unavailable.error.js';
import type { CachedPost } from '../../src/modules/posts/cached-post.js';
import { PostPurgeHandler } from '../../src/modules/posts/post-purge.handler.js';
import { PostsCache } from '../../src/modules/posts/posts.cache.js';
import { PostsReader, type StoredPost } from '../../src/modules/posts/posts.reader.js';
import { PostsService } from '../../src/modules/posts/posts.service.js';
import { PostsStore } from '../../src/modules/posts/posts.store.js';
import type { Member } from '../support/api-client.js';
import type { Post } from '../support/contract.js';
import { png, postWith, upload } from '../support/media.js';
import { until } from '../support/settle.js';
import { StatementLog } from '../support/statements.js';
import { listen, TestApp } from '../support/test-app.js';

describe('The cache of posts', () => {
  let app: TestApp;
  let second: NestFastifyApplication;
  let log: StatementLog;
  let author: Member;
  let reader: Member;
  let store: PostsStore;
  let cache: PostsCache;

  beforeAll(async () => {
    app = await TestApp.start();
    second = await listen(AppModule, app.config);
    log = new StatementLog(app.nest, second);
    [author, reader] = (await app.api.registerMany(2)) as [Member, Member];
    store = app.nest.get(PostsStore, { strict: false });
    cache = app.nest.get(PostsCache, { strict: false });
  });
  afterAll(async () => {
    await second?.close();
    await app?.close();
  });

  const keyOf = (id: Id) => `post:{${id}}:body`;
  const bodyOf = (id: Id) => app.redis.command<string | null>('get', keyOf(id));
  const forget = (id: Id) => app.redis.command('del', keyOf(id));
  const cachedOf = async (id: Id, fresh = true) => (await store.read([id], fresh))[0] as CachedPost | undefined;
  const see = (id: Id) => reader.request<Post>('GET', `/v1/posts/${id}`);
  /** Statements that read these posts' rows. */
  const postReads = () => log.all.filter(({ sql }) => /FROM posts WHERE id IN/.test(sql));
  /** Replicas of Redis have what its masters have, so that what follows depends on nobody's lag. */
  const caughtUp = (id: Id, body: string | null) =>
    until(async () => (await cachedOf(id, false))?.is === (body === null ? undefined : 'there'), {
      what: 'the Redis replica to catch up',
    });
  const stored = (post: Post, changes: Partial<StoredPost> = {}): StoredPost => ({
    id: post.id,
    authorId: author.id,
    content: post.content,
    createdAt: new Date(post.createdAt),
    editedAt: null,
    version: 1,
    media: [],
    ...changes,
  });

  /** How many pipelines went to each node while `work` ran. */
  async function pipelinesOf(work: () => Promise<unknown>): Promise<number[]> {
    const nodes = app.nest.get(RedisClients, { strict: false }).for('request').nodes('all');
    const counts = nodes.map(() => 0);
    nodes.forEach((node, index) => {
      const pipeline = node.pipeline.bind(node);
      node.pipeline = () => {
        counts[index]!++;
        return pipeline();
      };
    });
    try {
      await work();
      return counts;
    } finally {
      for (const node of nodes) delete (node as Partial<Redis>).pipeline; // the prototype's shows again
    }
  }

  /** A loader that waits to be let go, and then returns what was there when it was asked. */
  function slowLoad(answer: StoredPost[]) {
    let begun!: () => void;
    let finish!: () => void;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const mayFinish = new Promise<void>((resolve) => (finish = resolve));
    const load = async () => {
      begun();
      await mayFinish;
      return new Map(answer.map((post) => [post.id, post]));
    };
    return { load, hasBegun, finish };
  }

  it('has a post from its creation on, and an edit at once', async () => {
    const post = await author.post('first');
    expect(await cachedOf(post.id)).toEqual({ is: 'there', post: stored(post) });
    log.clear();
    expect((await see(post.id)).body).toEqual({ ...post });
    await author.request('PATCH', `/v1/posts/${post.id}`, { body: { content: 'second' } });
    expect(await cachedOf(post.id)).toMatchObject({ post: { content: 'second', version: 2 } });
    expect((await author.get<Post>(`/v1/posts/${post.id}`)).content).toBe('second');
  });

  it('reads again what code cached that knew no media, and writes over it', async () => {
    const [medium] = await upload(author, png());
    const post = await postWith(author, [medium!], 'with a picture');
    const { media: _, version, ...rest } = ((await cachedOf(post.id)) as { post: StoredPost }).post;
    const old = `${version}|${JSON.stringify({ ...rest, createdAt: rest.createdAt.getTime() })}`;
    await app.redis.command('set', keyOf(post.id), old);
    await until(async () => (await store.read([post.id], false))[0] === undefined, { what: 'the replica to catch up' });
    expect(await see(post.id)).toMatchObject({ status: 200, body: { media: post.media } });
    expect(await cachedOf(post.id)).toMatchObject({ is: 'there', post: { media: [{ contentType: 'image/png' }] } });
    // By a writer of the same version, too: the job that repeats an edit.
    await app.redis.command('set', keyOf(post.id), old);
    await store.write(
      (await app.nest.get(PostsReader, { strict: false }).byIdsNow([post.id])).get(post.id)!,
      'request',
    );
    expect(await cachedOf(post.id)).toMatchObject({ post: { media: [{ contentType: 'image/png' }] } });
  });

  it('spares MySQL the reading of posts it has', async () => {
    const posts = await author.postMany(20);
    for (const id of posts) await caughtUp(id, '');
    log.clear();
    const { items } = await reader.get<{ items: Post[] }>(`/v1/users/${author.id}/posts?limit=20`);
    expect(items.map(({ id }) => id)).toEqual(posts);
    expect(postReads()).toEqual([]);
  });

  it('is read, with the counts, in one round trip a node', async () => {
    const ids = await author.postMany(20);
    for (const id of ids) await caughtUp(id, '');
    const posts = app.nest.get(PostsReader, { strict: false });
    await posts.withCounts(ids); // the counts are cached now
    await until(async () => (await pipelinesOf(() => posts.withCounts(ids))).every((count) => count <= 1), {
      what: 'the replicas of Redis to have it all',
    });
    const counts = await pipelinesOf(() => posts.withCounts(ids));
    expect(Math.max(...counts)).toBe(1);
  });

  it('reads all that it has not with one query, and then has them', async () => {
    const posts = await author.postMany(20);
    await app.database.replicated();
    for (const id of posts) await forget(id);
    for (const id of posts) await caughtUp(id, null);
    log.clear();
    await reader.get(`/v1/users/${author.id}/posts?limit=20`);
    expect(postReads()).toHaveLength(1);
    for (const id of posts) expect(await cachedOf(id)).toMatchObject({ is: 'there' });
  });

  it('keeps a post about as long as configured, and not all equally long', async () => {
    const posts = await author.postMany(20);
    const lives = await Promise.all(posts.map((id) => app.redis.command<number>('pttl', keyOf(id))));
    const ttl = app.config.posts.cacheTtlMs;
    expect(Math.min(...lives)).toBeGreaterThan(ttl * 0.9 - 60_000);
    expect(Math.max(...lives)).toBeLessThanOrEqual(ttl * 1.1 + 1);
    expect(Math.max(...lives) - Math.min(...lives)).toBeGreaterThan(ttl * 0.02);
  });

  it('is rebuilt by one of a thousand readers on two instances', async () => {
    const post = await author.post();
    await app.database.replicated();
    await forget(post.id);
    await caughtUp(post.id, null);
    log.clear();
    const readers = [app.nest, second].map((instance) => instance.get(PostsReader, { strict: false }));
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => readers[index % 2]!.withCounts([post.id])),
    );
    expect(answers.every((answer) => answer.posts.get(post.id)?.content === post.content)).toBe(true);
    expect(postReads()).toHaveLength(1);
  });

  it('does not wait for one who died while rebuilding', async () => {
    const post = await author.post();
    await forget(post.id);
    await caughtUp(post.id, null);
    await app.redis.command('set', `post:{${post.id}}:lease`, 'somebody', 'PX', 60_000);
    expect((await see(post.id)).status).toBe(200);
    expect(await bodyOf(post.id)).toBeNull(); // only who holds the lease may fill
  });

  it('tells every reader of a failure, and leaves none unseen', async () => {
    const [first, second] = (await author.postMany(2)) as [Id, Id];
    for (const id of [first, second]) await forget(id);
    const unseen: unknown[] = [];
    const listener = (reason: unknown) => void unseen.push(reason);
    process.on('unhandledRejection', listener);
    try {
      let fail!: (error: Error) => void;
      const broken = new Promise<never>((_, reject) => (fail = reject));
      const options = { fresh: false, trustMissing: false };
      const begun = cache.complete([first], [undefined], () => broken, options);
      const joined = cache.complete(
        [first, second],
        [undefined, undefined],
        () => Promise.reject(new Error('at once')),
        options,
      );
      await expect(joined).rejects.toThrow('at once');
      fail(new Error('later'));
      await expect(begun).rejects.toThrow('later');
      await new Promise((resolve) => setImmediate(resolve)); // Node tells of what is unseen when the turn is over
      expect(unseen).toEqual([]);
    } finally {
      process.off('unhandledRejection', listener);
    }
  });

  it('does not keep what only a replica tells that lags', async () => {
    const post = await author.post();
    await forget(post.id);
    await caughtUp(post.id, null);
    const stale = new Map([[post.id, stored(post, { content: 'of an hour ago' })]]);
    const load = (_: readonly Id[], toBeKept: boolean) =>
      toBeKept ? Promise.reject(databaseUnavailable(new Error('nobody keeps up'))) : Promise.resolve(stale);
    const found = await cache.complete([post.id], [undefined], load, { fresh: false, trustMissing: false });
    expect(found).toEqual(stale);
    expect(await bodyOf(post.id)).toBeNull();
  });

  describe('with a slow reader', () => {
    it('does not go back to the state before an edit', async () => {
      const post = await author.post('before');
      await forget(post.id);
      await caughtUp(post.id, null);
      const { load, hasBegun, finish } = slowLoad([stored(post)]);
      const slow = cache.complete([post.id], [undefined], load, { fresh: false, trustMissing: false });
      await hasBegun;
      await author.request('PATCH', `/v1/posts/${post.id}`, { body: { content: 'after' } });
      finish();
      await slow;
      expect(await cachedOf(post.id)).toMatchObject({ post: { content: 'after' } });
    });

    it('does not go back to the state before an edit that was evicted since', async () => {
      const post = await author.post('before');
      await forget(post.id);
      await caughtUp(post.id, null);
      const { load, hasBegun, finish } = slowLoad([stored(post)]);
      const slow = cache.complete([post.id], [undefined], load, { fresh: false, trustMissing: false });
      await hasBegun;
      await author.request('PATCH', `/v1/posts/${post.id}`, { body: { content: 'after' } });
      await app.settle(); // the job that repeats the edit is done too
      await forget(post.id);
      finish();
      await slow;
      expect(await bodyOf(post.id)).toBeNull();
    });

    it('does not bring a deleted post back', async () => {
      const post = await author.post();
      await forget(post.id);
      await caughtUp(post.id, null);
      const { load, hasBegun, finish } = slowLoad([stored(post)]);
      const slow = cache.complete([post.id], [undefined], load, { fresh: false, trustMissing: false });
      await hasBegun;
      await author.request('DELETE', `/v1/posts/${post.id}`);
      finish();
      await slow;
      expect(await cachedOf(post.id)).toEqual({ is: 'deleted' });
      expect((await author.request('GET', `/v1/posts/${post.id}`)).status).toBe(404);
    });
  });

  describe('with late writers', () => {
    it('keeps the newest version, in whatever order they come', async () => {
      const post = await author.post();
      const version = (number: number) => stored(post, { version: number, content: `version ${number}` });
      await Promise.all([5, 3, 4, 2].map((number) => store.write(version(number), 'request')));
      await store.write(version(4), 'background');
      expect(await cachedOf(post.id)).toMatchObject({ post: { content: 'version 5' } });
    });

    it('keeps a deletion', async () => {
      const post = await author.post();
      await author.request('DELETE', `/v1/posts/${post.id}`);
      await store.write(stored(post, { version: 9 }), 'background');
      expect(await cachedOf(post.id)).toEqual({ is: 'deleted' });
    });

    it('hears of a deletion that did not reach it, however long what is deleted waits to be cleared away', async () => {
      const purge = app.inWorker(PostPurgeHandler);
      let clearAway!: () => void;
      const mayClear = new Promise<void>((resolve) => (clearAway = resolve));
      purge.handle = async (...args) => {
        await mayClear;
        return PostPurgeHandler.prototype.handle.apply(purge, args);
      };
      const bury = store.bury.bind(store);
      store.bury = () => Promise.reject(new RedisUnavailableError('no connection'));
      try {
        const post = await author.post();
        expect((await author.request('DELETE', `/v1/posts/${post.id}`)).status).toBe(204);
        await until(async () => (await cachedOf(post.id))?.is === 'deleted', { what: 'the deletion to be heard of' });
        expect((await see(post.id)).status).toBe(404);
      } finally {
        store.bury = bury;
        clearAway();
      }
    });
  });

  describe('with a post that is not there', () => {
    const unused = async (): Promise<Id> => {
      const { id } = await author.post();
      return String(BigInt(id) + 1_000_000n);
    };

    it('remembers so for some seconds', async () => {
      const id = await unused();
      expect((await see(id)).status).toBe(404);
      const life = await app.redis.command<number>('pttl', keyOf(id));
      expect(life).toBeGreaterThan(0);
      expect(life).toBeLessThanOrEqual(app.config.posts.missingTtlMs * 1.1 + 1);
      await until(async () => (await cachedOf(id, false))?.is === 'missing', { what: 'the replica' });
      log.clear();
      expect((await see(id)).status).toBe(404);
      expect(postReads()).toEqual([]);
    });

    it('hears of its creation', async () => {
      const id = await unused();
      await see(id);
      const post = { ...stored(await author.post()), id };
      await store.write(post, 'request');
      expect(await cachedOf(id)).toEqual({ is: 'there', post });
    });

    it('does not believe it where an entry of a feed would be lost for it', async () => {
      const post = await author.post();
      await app.redis.command('set', keyOf(post.id), '0|missing', 'PX', 60_000);
      await until(async () => (await cachedOf(post.id, false))?.is === 'missing', { what: 'the replica' });
      const reads = app.nest.get(PostsReader, { strict: false });
      expect((await reads.withCounts([post.id])).posts.has(post.id)).toBe(true);
    });

    it('nor what another reader says who rebuilds it', async () => {
      const post = await author.post();
      await forget(post.id);
      await caughtUp(post.id, null);
      await app.redis.command('set', `post:{${post.id}}:lease`, 'somebody', 'PX', 60_000);
      const load = () => Promise.resolve(new Map([[post.id, stored(post)]]));
      const read = cache.complete([post.id], [undefined], load, { fresh: false, trustMissing: false });
      await app.redis.command('set', keyOf(post.id), '0|missing', 'PX', 60_000);
      expect((await read).has(post.id)).toBe(true);
    });

    it('asks the primary before it believes a replica that lags', async () => {
      await app.database.replicated();
      await app.database.whileReplicasLag(async () => {
        const post = await author.post();
        await forget(post.id);
        await caughtUp(post.id, null);
        expect((await see(post.id)).status).toBe(200);
        expect(await cachedOf(post.id)).toMatchObject({ is: 'there' });
      });
    });
  });

  it('does not hold what is joined: a new profile shows at once', async () => {
    const post = await author.post();
    await see(post.id);
    await author.request('PATCH', '/v1/users/me', { body: { displayName: 'Somebody else' } });
    expect((await author.get<Post>(`/v1/posts/${post.id}`)).author.displayName).toBe('Somebody else');
    await app.database.replicated();
    expect((await see(post.id)).body.author.displayName).toBe('Somebody else');
  });

  it('never has what is not committed', async () => {
    const post = await author.post('committed');
    const posts = app.nest.get(PostsService, { strict: false });
    const failing = app.nest.get(TransactionHost, { strict: false }).run({}, async () => {
      expect((await posts.edit(post.id, author.id, 'not committed')).content).toBe('not committed');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await cachedOf(post.id)).toMatchObject({ post: { content: 'committed', version: 1 } });
    expect((await see(post.id)).body.content).toBe('committed');
  });
});
