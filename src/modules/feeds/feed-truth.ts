import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { newEntry, type FeedEntry } from './feed-entry.js';
import { FeedsRepository } from './feeds.repository.js';

/** What feeds should hold, as MySQL knows it. */
@Injectable()
export class FeedTruth {
  constructor(
    private readonly repository: FeedsRepository,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * The live entries that a reader's feed should hold now, newest first, as the primary knows it.
   *
   * @returns also the highest post that did not fit, which bounds what may enter the feed later
   */
  @Transactional({ readOnly: true, fresh: true })
  async liveEntriesNow(readerId: Id): Promise<{ entries: FeedEntry[]; leftOut: Id | undefined }> {
    const { maxEntries, unviewedTtlMs } = this.config.feed;
    const posts = await this.repository.recentPosts(readerId, this.oldestLive(), maxEntries + 1);
    const entries = posts
      .slice(0, maxEntries)
      .map((post) => newEntry(post.id, post.createdAt.getTime(), unviewedTtlMs));
    return { entries, leftOut: posts[maxEntries]?.id };
  }

  /**
   * Posts of the reader's authors below a post id, whatever became of them in the feed. Whose posts these are is asked
   * of the primary, so that a follow or an unfollow shows in its author's next reading; the posts may lag behind it.
   */
  async postsBelow(readerId: Id, belowId: Id, limit: number): Promise<Id[]> {
    const authorIds = await this.authorsNow(readerId);
    return this.olderPosts(authorIds, belowId, limit);
  }

  /** When a post must have been created to be live now if nobody has seen it. */
  oldestLive(): Date {
    return new Date(this.clock.nowMs() - this.config.feed.unviewedTtlMs);
  }

  @Transactional({ readOnly: true, fresh: true })
  private authorsNow(readerId: Id): Promise<Id[]> {
    return this.repository.authorsOf(readerId);
  }

  @Transactional({ readOnly: true })
  private olderPosts(authorIds: readonly Id[], belowId: Id, limit: number): Promise<Id[]> {
    return this.repository.postsBelow(authorIds, belowId, limit);
  }
}
