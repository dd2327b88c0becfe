import { Injectable } from '@nestjs/common';
import { batches, groupBy } from '../../common/batches.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { BackgroundPace } from '../../infrastructure/yielding/background-pace.js';
import type { FeedEntry } from './feed-entry.js';
import { bucketOf } from './feed-keys.js';
import { FeedStore } from './feed.store.js';
import { FeedMetrics } from './feed.metrics.js';

/** Feeds of a part while requests are yielded to: they keep three nodes busy for a few milliseconds. */
const PART = 500;

/**
 * Followers of a chunk meanwhile: with the least share of the time, and all places taken, it is delivered long before the lease of
 * its job runs out.
 */
const SMALL_CHUNK = 1_000;

/** Few feeds take less of the nodes than the rest of their job takes of the worker; a backlog of such jobs must not wait for rests. */
const FEW = 128;

/** Brings posts into and out of the feeds of many users, and yields to requests meanwhile. */
@Injectable()
export class FeedDelivery {
  constructor(
    private readonly store: FeedStore,
    private readonly pace: BackgroundPace,
    private readonly metrics: FeedMetrics,
    private readonly config: AppConfig,
  ) {}

  /** How many followers to serve between two saved cursors, as things are now. */
  get chunk(): number {
    const { fanOutChunk } = this.config.feed;
    return this.pace.yields ? Math.min(SMALL_CHUNK, fanOutChunk) : fanOutChunk;
  }

  /**
   * @param readBefore epoch seconds; feeds that were read since are left out
   * @throws RedisUnavailableError when some did not get it
   */
  async push(entry: FeedEntry, userIds: readonly Id[], readBefore?: number): Promise<void> {
    for (const part of this.parts(userIds)) {
      const reached = await this.paced(part, () => this.store.push(entry, part, 'background', readBefore));
      this.metrics.delivered(reached);
    }
  }

  /** @throws RedisUnavailableError when some still have it */
  async remove(postId: Id, userIds: readonly Id[]): Promise<void> {
    for (const part of this.parts(userIds)) {
      await this.paced(part, () => this.store.remove([postId], part, 'background'));
    }
  }

  private paced<T>(part: readonly Id[], work: () => Promise<T>): Promise<T> {
    return part.length <= FEW ? work() : this.pace.run(work);
  }

  /** Feeds of a bucket stay together, because they share a script call. */
  private *parts(userIds: readonly Id[]): Generator<readonly Id[]> {
    if (userIds.length === 0) return;
    if (!this.pace.yields || userIds.length <= PART) return yield userIds;
    const byBucket = groupBy(userIds, (userId) => bucketOf(userId, this.config.feed.buckets));
    yield* batches([...byBucket.values()].flat(), PART);
  }
}
