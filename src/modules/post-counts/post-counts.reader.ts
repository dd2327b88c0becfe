import { Injectable, Optional } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { OwnWrites } from '../../infrastructure/database/own-writes.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { CacheMetrics } from '../../infrastructure/metrics/cache.metrics.js';
import { UNREACHED, type Reached } from '../../infrastructure/redis/reached.js';
import { RedisPipeline } from '../../infrastructure/redis/redis-pipeline.decorator.js';
import { isReplyError, RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { PostCountsRepository } from './post-counts.repository.js';
import type { PostCounts, TrueCounts } from './post-counts.rules.js';
import { PostCountsStore } from './post-counts.store.js';

export type { PostCounts } from './post-counts.rules.js';

/** What was read from MySQL longer ago is not kept in Redis: changes since may have been compared and settled by now. */
const KEEP_WITHIN_MS = 500;

/** The door to the counts of posts: from Redis, and what it does not hold from MySQL. */
@Injectable()
export class PostCountsReader {
  constructor(
    private readonly store: PostCountsStore,
    private readonly repository: PostCountsRepository,
    private readonly transactions: TransactionHost,
    private readonly metrics: CacheMetrics,
    @Optional() private readonly ownWrites?: OwnWrites,
  ) {}

  /** Counts of posts; those that are gone are missing, and others may lag a little behind what nobody but others did. */
  async counts(ids: readonly Id[]): Promise<Map<Id, PostCounts>> {
    if (ids.length === 0) return new Map();
    // What this transaction has written is not committed, and Redis does not know of it.
    if (this.transactions.isWriting) return this.fromPrimary(ids);
    const fresh = (await this.ownWrites?.hasWritten()) ?? false;
    const cached = await orUnavailable(this.cached(ids, fresh));
    return this.complete(ids, cached);
  }

  /**
   * What Redis holds, in the order of `ids`: only commands, for `@RedisPipeline()` methods that read more besides.
   *
   * @param fresh whether the reader has just written, and so must not read a replica
   * @throws RedisUnavailableError, and what Redis itself refuses
   */
  @RedisPipeline()
  cached(ids: readonly Id[], fresh: boolean): Promise<(Reached<PostCounts> | undefined)[]> {
    return this.store.read(ids, fresh ? 'master' : 'replica');
  }

  /** Adds from MySQL, with one query, what Redis did not hold. @param cached nothing when Redis did not answer */
  async complete(
    ids: readonly Id[],
    cached: readonly (Reached<PostCounts> | undefined)[] | undefined,
  ): Promise<Map<Id, PostCounts>> {
    if (!cached) {
      this.metrics.looked('post_counts', 'unavailable', ids.length);
      return this.fromReplica(ids);
    }
    const found = new Map<Id, PostCounts>();
    const missing: Id[] = [];
    const unreached: Id[] = [];
    ids.forEach((id, index) => {
      const counts = cached[index];
      if (!counts) missing.push(id);
      else if (counts === UNREACHED) unreached.push(id);
      else found.set(id, visible(counts));
    });
    this.metrics.looked('post_counts', 'hit', found.size);
    this.metrics.looked('post_counts', 'miss', missing.length);
    this.metrics.looked('post_counts', 'unavailable', unreached.length);
    if (missing.length > 0) for (const [id, counts] of await this.load(missing)) found.set(id, counts);
    if (unreached.length > 0) for (const [id, counts] of await this.fromReplica(unreached)) found.set(id, counts);
    return found;
  }

  /** The counts of one post as they are now. @param cached whether Redis is asked first */
  async latest(id: Id, { cached }: { cached: boolean }): Promise<PostCounts> {
    const answer = cached ? await orUnavailable(this.cached([id], true)) : undefined;
    const [counts] = answer ?? [];
    if (counts && counts !== UNREACHED) return visible(counts);
    const known = await (answer ? this.load([id]) : this.fromPrimary([id]));
    return known.get(id) ?? { likes: 0, comments: 0 };
  }

  /** Reads counts that are to be kept for long, so from the primary, and keeps them. */
  private async load(ids: readonly Id[]): Promise<Map<Id, PostCounts>> {
    const begunMs = performance.now();
    const counts = await this.fromPrimary(ids);
    if (counts.size > 0 && performance.now() - begunMs < KEEP_WITHIN_MS) await orUnavailable(this.store.fill(counts));
    return counts;
  }

  @Transactional({ readOnly: true, fresh: true })
  private fromPrimary(ids: readonly Id[]): Promise<Map<Id, TrueCounts>> {
    return this.repository.counts(ids);
  }

  @Transactional({ readOnly: true })
  private fromReplica(ids: readonly Id[]): Promise<Map<Id, TrueCounts>> {
    return this.repository.counts(ids);
  }
}

/** Increments that overtake each other may show a count below zero for a moment. */
const visible = ({ likes, comments }: PostCounts): PostCounts => ({
  likes: Math.max(0, likes),
  comments: Math.max(0, comments),
});

/** @returns nothing when Redis does not answer or refuses: MySQL knows everything that it knows */
export async function orUnavailable<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RedisUnavailableError || isReplyError(error)) return undefined;
    throw error;
  }
}
