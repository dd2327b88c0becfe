import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { newEntry, type FeedEntry } from './feed-entry.js';
import { CLOCKS_MS } from './feed-time.js';
import { FeedsRepository, type PostReference } from './feeds.repository.js';

/** The live posts of a reader's authors, newest first. */
export interface LiveEntries {
  posts: PostReference[];
  /** Those that fit into the feed. */
  entries: FeedEntry[];
  /** The highest post that did not fit. */
  leftOut: Id | undefined;
  /** Whether the primary said so; a replica that stands in for it may lack the latest. */
  isCertain: boolean;
}

/** What feeds should hold, as MySQL knows it. */
@Injectable()
export class FeedTruth {
  constructor(
    private readonly repository: FeedsRepository,
    private readonly transactions: TransactionHost,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * The live entries that a reader's feed should hold now, newest first, as the primary knows it.
   *
   * @returns also the highest post that did not fit, which bounds what may enter the feed later
   */
  @Transactional({ readOnly: true, fresh: true })
  async liveEntriesNow(readerId: Id): Promise<LiveEntries> {
    const { maxEntries, unviewedTtlMs } = this.config.feed;
    const posts = await this.repository.recentPosts(readerId, this.oldestLive(), maxEntries + 1);
    const entries = posts
      .slice(0, maxEntries)
      .map((post) => newEntry(post.id, post.createdAt.getTime(), unviewedTtlMs));
    return { posts, entries, leftOut: posts[maxEntries]?.id, isCertain: this.transactions.isCertain };
  }

  /** Authors some of whose posts are pulled, in no particular order; may lag behind the primary. */
  @Transactional({ readOnly: true })
  largeAuthors(limit: number): Promise<Id[]> {
    return this.repository.largeAuthors(limit);
  }

  /**
   * Live posts after one, of those large authors whom the reader follows, newest first; may lag behind the primary, but no more than
   * replicas may.
   */
  @Transactional({ readOnly: true, current: true })
  pulledSince(readerId: Id, afterId: Id): Promise<PostReference[]> {
    return this.repository.pulledPosts(readerId, afterId, this.oldestLive(), this.config.feed.maxEntries);
  }

  /**
   * Posts of the reader's authors below a post id, whatever became of them in the feed. The posts may lag behind the
   * primary; whom the reader follows does not, as the reader's own writing.
   */
  @Transactional({ readOnly: true })
  async postsBelow(readerId: Id, belowId: Id, limit: number): Promise<Id[]> {
    const authorIds = await this.repository.authorsOf(readerId);
    return this.repository.postsBelow(authorIds, belowId, limit);
  }

  /**
   * Nobody can have viewed a post that was created since, so long ago that it is gone again: it may be put into feeds
   * however often. An older one would rise from the dead.
   */
  repeatableFrom(): Date {
    return new Date(this.clock.nowMs() - this.config.feed.viewedTtlMs + CLOCKS_MS);
  }

  /** When a post must have been created to be live now if nobody has seen it. */
  oldestLive(): Date {
    return new Date(this.clock.nowMs() - this.config.feed.unviewedTtlMs);
  }
}
