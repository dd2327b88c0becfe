import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { compareIds, type Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { LATE_COMMIT_MS } from '../../config/limits.js';
import { newEntry } from './feed-entry.js';
import { CLOCKS_MS } from './feed-time.js';
import { FeedStore, type FeedSlice } from './feed.store.js';
import { FeedTruth } from './feed-truth.js';
import type { PostReference } from './feeds.repository.js';

/**
 * Brings posts of large authors, which are pushed to nobody, into a feed when its owner reads it.
 *
 * The feed's watermark says up to which post that has been done. It stays behind the posts of the last seconds, because
 * a post with a lower id may still be committed, or a replica may not have it; those are looked at again. One of them that
 * was seen, and whose time as a viewed entry may be over, stays out. From then on they are entries like all others.
 */
@Injectable()
export class FeedPull {
  constructor(
    private readonly store: FeedStore,
    private readonly truth: FeedTruth,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /**
   * @param newest the first page of the feed as it is
   * @returns whether the feed changed
   */
  async pull(readerId: Id, newest: FeedSlice): Promise<boolean> {
    const posts = await this.truth.pulledSince(readerId, newest.watermark);
    const held = new Set([...newest.entries.map(({ postId }) => postId), ...newest.expired]);
    const watermark = this.watermarkOf(posts);
    const news = posts.filter((post) => !held.has(post.id) && !this.mayHaveDied(post, newest.lastReadAt));
    const moves = compareIds(watermark, newest.watermark) > 0;
    if (news.length === 0 && !moves) return false;
    const { unviewedTtlMs } = this.config.feed;
    const entries = news.map((post) => newEntry(post.id, post.createdAt.getTime(), unviewedTtlMs));
    await this.store.pull(readerId, entries, watermark);
    return news.length > 0;
  }

  /** Whether a post may have been viewed at the last reading or before, and be gone since: it must not rise again. */
  private mayHaveDied({ createdAt }: PostReference, lastReadAt: number): boolean {
    const createdMs = createdAt.getTime();
    const wasThere = createdMs <= lastReadAt * 1_000 + CLOCKS_MS;
    return wasThere && createdMs <= this.clock.nowMs() - this.config.feed.viewedTtlMs;
  }

  /** The highest of these posts below which no other can come up any more. */
  watermarkOf(posts: readonly PostReference[]): Id {
    const settled = this.clock.nowMs() - LATE_COMMIT_MS - this.config.mysql.replicaMaxLagMs;
    return posts
      .filter(({ createdAt }) => createdAt.getTime() <= settled)
      .reduce<Id>((highest, { id }) => (compareIds(id, highest) > 0 ? id : highest), '0');
  }
}
