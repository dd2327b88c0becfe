import { Injectable, Optional } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { OwnWrites } from '../../infrastructure/database/own-writes.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import type { Reached } from '../../infrastructure/redis/reached.js';
import { RedisPipeline } from '../../infrastructure/redis/redis-pipeline.decorator.js';
import { orUnavailable, PostCountsReader, type PostCounts } from '../post-counts/post-counts.reader.js';
import type { CachedPost } from './cached-post.js';
import { PostsCache, type LoadPosts } from './posts.cache.js';
import type { StoredPost } from './posts.repository.js';
import { PostsStore } from './posts.store.js';

/** Posts and their counts. */
export interface PostsWithCounts {
  /** Who is missing is deleted or never was. */
  posts: Map<Id, StoredPost>;
  counts: Map<Id, PostCounts>;
}

/** What Redis holds of a page of posts, each in the order of the ids. */
interface CachedPage {
  posts: (Reached<CachedPost> | undefined)[];
  counts: (Reached<PostCounts> | undefined)[];
}

/** Reads a page of posts: all that is cached in one round trip a node of Redis, the rest from MySQL. */
@Injectable()
export class PostsPage {
  constructor(
    private readonly store: PostsStore,
    private readonly cache: PostsCache,
    private readonly counts: PostCountsReader,
    private readonly transactions: TransactionHost,
    @Optional() private readonly ownWrites?: OwnWrites,
  ) {}

  /**
   * @param load reads posts that are not cached
   * @param trustMissing see {@link PostsCache.complete}
   */
  async read(ids: readonly Id[], load: LoadPosts, trustMissing = false): Promise<PostsWithCounts> {
    if (ids.length === 0) return { posts: new Map(), counts: new Map() };
    // Inside a write transaction the rows are not committed, and the caches do not know them.
    if (this.transactions.isWriting) return { posts: await load(ids, false), counts: await this.counts.counts(ids) };
    const fresh = (await this.ownWrites?.hasWritten()) ?? false;
    const cached = await orUnavailable(this.cached(ids, fresh));
    const posts = await this.cache.complete(ids, cached?.posts, load, { fresh, trustMissing });
    // Of posts that are gone nobody asks the counts.
    const there = ids.map((id, index) => ({ id, index })).filter(({ id }) => posts.has(id));
    const counts = await this.counts.complete(
      there.map(({ id }) => id),
      cached && there.map(({ index }) => cached.counts[index]),
    );
    return { posts, counts };
  }

  /**
   * @param fresh whether the reader has just written, and so must not read a replica
   * @throws RedisUnavailableError
   */
  @RedisPipeline()
  cached(ids: readonly Id[], fresh: boolean): Promise<CachedPage> {
    return Promise.all([this.store.read(ids, fresh), this.counts.cached(ids, fresh)]).then(([posts, counts]) => ({
      posts,
      counts,
    }));
  }
}
