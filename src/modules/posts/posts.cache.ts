import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { isDatabaseUnavailable } from '../../infrastructure/database/transaction-scope.js';
import { CacheMetrics } from '../../infrastructure/metrics/cache.metrics.js';
import { UNREACHED, type Reached } from '../../infrastructure/redis/reached.js';
import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import type { CachedPost } from './cached-post.js';
import type { StoredPost } from './posts.repository.js';
import { PostsStore } from './posts.store.js';

/** When to look whether somebody else's rebuild is done; after the last look one asks MySQL oneself. */
const LOOKS_AFTER_MS = [5, 10, 20, 40, 80, 160];

/**
 * Reads posts from MySQL.
 *
 * @param toBeKept whether to fail with `DATABASE_UNAVAILABLE` rather than to tell what a replica says that lags however far
 * @returns those that exist, as the primary knows it or, while it is away, the replica that knows most, which may lack the latest
 */
export type LoadPosts = (ids: readonly Id[], toBeKept: boolean) => Promise<Map<Id, StoredPost>>;

type Found = Map<Id, StoredPost>;

/**
 * Posts, from the cache first (look-aside). What is not there is read from MySQL with one query, by one reader at a
 * time over all instances, and cached. Without Redis everything is read from MySQL.
 *
 * The lease against many readers at once is that of Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013).
 */
@Injectable()
export class PostsCache {
  private readonly logger = new Logger(PostsCache.name);
  /** Rebuilds of this process that are under way, for others here to join. */
  private readonly rebuilds = new Map<Id, Promise<StoredPost | undefined>>();

  constructor(
    private readonly store: PostsStore,
    private readonly transactions: TransactionHost,
    private readonly metrics: CacheMetrics,
  ) {}

  /**
   * Adds to what was cached of posts those that were not, from MySQL with one query.
   *
   * @param cached in the order of `ids`; nothing when Redis did not answer
   * @param options.fresh whether the reader has just written
   * @param options.trustMissing whether the cache may say that a post never was. Not for what is forgotten for good on
   *   that word: an id may come into being later.
   * @returns who is missing is deleted or never was
   */
  async complete(
    ids: readonly Id[],
    cached: readonly (Reached<CachedPost> | undefined)[] | undefined,
    load: LoadPosts,
    { fresh, trustMissing }: { fresh: boolean; trustMissing: boolean },
  ): Promise<Found> {
    if (!cached) return this.withoutCache(ids, load);
    const found: Found = new Map();
    const absent: Id[] = [];
    const doubtful: Id[] = [];
    const unreached: Id[] = [];
    ids.forEach((id, index) => {
      const entry = cached[index];
      if (!entry) absent.push(id);
      else if (entry === UNREACHED) unreached.push(id);
      else if (entry.is === 'there') found.set(id, entry.post);
      else if (entry.is === 'missing' && !trustMissing) doubtful.push(id);
    });
    this.metrics.looked('posts', 'hit', ids.length - absent.length - unreached.length);
    this.metrics.looked('posts', 'miss', absent.length);
    const rebuilt = this.rebuilt(absent, load, fresh).catch((error: unknown) => {
      if (error instanceof RedisUnavailableError) return this.withoutCache(absent, load);
      throw error;
    });
    merge(found, await rebuilt);
    if (unreached.length > 0) merge(found, await this.withoutCache(unreached, load));
    if (doubtful.length > 0) merge(found, await load(doubtful, false));
    return found;
  }

  /**
   * Caches a post once it is committed (write-through). Should Redis not answer then, the outbox job of an edit repeats
   * it, and a new post is read from MySQL.
   */
  keepAfterCommit(post: StoredPost): void {
    this.transactions.afterCommit(() => this.attempt(() => this.store.write(post, 'request')));
  }

  /** Forgets a post once its deletion is committed. Should Redis not answer then, its outbox job repeats it. */
  forgetAfterCommit(id: Id): void {
    this.transactions.afterCommit(() => this.attempt(() => this.store.bury([id], 'request')));
  }

  private withoutCache(ids: readonly Id[], load: LoadPosts): Promise<Found> {
    this.metrics.looked('posts', 'unavailable', ids.length);
    return load(ids, false);
  }

  /** Joins the rebuilds of this process and begins the others. */
  private async rebuilt(ids: readonly Id[], load: LoadPosts, fresh: boolean): Promise<Found> {
    // Who has just written can't use what somebody began to read before.
    const joined = fresh ? [] : ids.filter((id) => this.rebuilds.has(id));
    const parts = joined.map(async (id): Promise<Found> => {
      const post = await this.rebuilds.get(id);
      return new Map(post ? [[id, post]] : []);
    });
    const begun = ids.filter((id) => !joined.includes(id));
    if (begun.length > 0) {
      const rebuild = this.rebuild(begun, load);
      for (const id of begun) this.announce(id, rebuild);
      parts.push(rebuild);
    }
    // Awaited together: a second failure that nobody awaits would end the process.
    const found: Found = new Map();
    for (const part of await Promise.all(parts)) merge(found, part);
    return found;
  }

  private announce(id: Id, rebuild: Promise<Found>): void {
    const post = rebuild.then((found) => found.get(id));
    this.rebuilds.set(id, post);
    post
      .catch(() => undefined) // whoever joined is told
      .finally(() => this.rebuilds.get(id) === post && this.rebuilds.delete(id));
  }

  private async rebuild(ids: readonly Id[], load: LoadPosts): Promise<Found> {
    const token = randomBytes(8).toString('hex');
    const replies = await this.store.beginRebuild(ids, token);
    const found: Found = new Map();
    const mine: Id[] = [];
    const doubtful: Id[] = [];
    let theirs: Id[] = [];
    replies.forEach((reply, index) => {
      const id = ids[index]!;
      if (reply === 'mine') mine.push(id);
      else if (reply === 'theirs') theirs.push(id);
      else if (reply.is === 'missing') doubtful.push(id);
      else take(found, id, reply);
    });
    if (doubtful.length > 0) merge(found, await load(doubtful, false));
    if (mine.length > 0) {
      const loaded = await load(mine, true).catch(unlessUnavailable);
      // Shown for once, what a replica says that lags is better than nothing.
      merge(found, loaded ?? (await load(mine, false)));
      if (loaded) await this.attempt(() => this.store.fill([...loaded.values()], without(mine, loaded), token));
    }
    const unsure: Id[] = [];
    for (const ms of LOOKS_AFTER_MS) {
      if (theirs.length === 0) break;
      await delay(ms);
      const looked = await this.store.read(theirs, true);
      looked.forEach((entry, index) => {
        if (entry === UNREACHED || entry?.is === 'missing') unsure.push(theirs[index]!);
        else if (entry) take(found, theirs[index]!, entry);
      });
      theirs = theirs.filter((_, index) => !looked[index]);
    }
    // Whoever rebuilds is slow or dead or out of reach, or knows of no such post, which is not believed here either.
    const rest = [...theirs, ...unsure];
    if (rest.length > 0) merge(found, await load(rest, false));
    return found;
  }

  private async attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error;
      this.logger.debug({ err: error }, 'posts could not be cached'); // of an outage the breakers tell, once
    }
  }
}

function take(found: Found, id: Id, entry: CachedPost): void {
  if (entry.is === 'there') found.set(id, entry.post);
}

function merge(found: Found, more: Found): void {
  for (const [id, post] of more) found.set(id, post);
}

function unlessUnavailable(error: unknown): undefined {
  if (!isDatabaseUnavailable(error)) throw error;
}

const without = (ids: readonly Id[], found: Found): Id[] => ids.filter((id) => !found.has(id));
