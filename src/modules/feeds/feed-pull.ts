import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { compareIds, type Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { LATE_COMMIT_MS } from '../../config/limits.js';
import { isDatabaseUnavailable } from '../../infrastructure/database/transaction-scope.js';
import { newEntry } from './feed-entry.js';
import { FeedLargeAuthors } from './feed-large-authors.js';
import { FeedStore, type FeedSlice, type PullState } from './feed.store.js';
import { FeedTruth } from './feed-truth.js';
import type { PostReference } from './feeds.repository.js';

/**
 * Brings posts of large authors, which are pushed to nobody, into a feed when its owner reads it.
 *
 * The feed's watermark says up to which post that has been done. It stays behind the posts of the last seconds, because
 * a post with a lower id may still be committed, or a replica may not have it; those are looked at again. The feed
 * remembers which of them it has got, so that none is pulled twice: it may have been viewed and be gone since. From then
 * on they are entries like all others.
 */
@Injectable()
export class FeedPull {
  constructor(
    private readonly store: FeedStore,
    private readonly truth: FeedTruth,
    private readonly largeAuthors: FeedLargeAuthors,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /**
   * @param newest the first page of the feed as it is
   * @returns whether the feed changed
   */
  async pull(readerId: Id, newest: FeedSlice): Promise<boolean> {
    if (!(await this.largeAuthors.mayConcern(readerId))) return false;
    const posts = await this.pulledSince(readerId, newest.watermark);
    if (!posts) return false;
    const pulled = new Set(newest.pulled);
    const { watermark } = this.stateAfter(posts);
    const news = posts.filter(({ id }) => !pulled.has(id));
    const moves = compareIds(watermark, newest.watermark) > 0;
    if (news.length === 0 && !moves) return false;
    const { unviewedTtlMs } = this.config.feed;
    const entries = news.map((post) => newEntry(post.id, post.createdAt.getTime(), unviewedTtlMs));
    await this.store.pull(readerId, entries, watermark);
    return news.length > 0;
  }

  /** @returns nothing when no node answers that keeps up: the watermark would move past what a replica lacks; a later reading pulls */
  private async pulledSince(readerId: Id, watermark: Id): Promise<PostReference[] | undefined> {
    try {
      return await this.truth.pulledSince(readerId, watermark);
    } catch (error) {
      if (isDatabaseUnavailable(error)) return undefined;
      throw error;
    }
  }

  /** What a feed is to remember that has got these posts: the highest below which no other can come up any more, and the rest. */
  stateAfter(posts: readonly PostReference[]): PullState {
    const settledMs = this.clock.nowMs() - LATE_COMMIT_MS - this.config.mysql.replicaMaxLagMs;
    const watermark = posts
      .filter(({ createdAt }) => createdAt.getTime() <= settledMs)
      .reduce<Id>((highest, { id }) => (compareIds(id, highest) > 0 ? id : highest), '0');
    return { watermark, pulled: posts.map(({ id }) => id).filter((id) => compareIds(id, watermark) > 0) };
  }
}
