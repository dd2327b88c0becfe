import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import type { RedisTraffic } from '../../infrastructure/redis/redis-clients.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { PostsReader } from '../posts/posts.reader.js';
import { newEntry } from './feed-entry.js';
import { FeedStore } from './feed.store.js';
import { FeedTruth } from './feed-truth.js';

/** Rounds before the job is put off: a follow that changes this often within milliseconds is tried again later. */
const MAX_ROUNDS = 5;

/**
 * Brings one author's posts in a reader's feed in line with whether the reader follows them: in after a follow, out
 * after an unfollow. It goes by the truth of now, not by the event, so a late or repeated event does no harm.
 */
@Injectable()
export class FeedFollows {
  constructor(
    private readonly store: FeedStore,
    private readonly truth: FeedTruth,
    private readonly follows: FollowsReader,
    private readonly posts: PostsReader,
    private readonly config: AppConfig,
  ) {}

  async reconcile(readerId: Id, authorId: Id, traffic: RedisTraffic): Promise<void> {
    let follows = await this.followsNow(readerId, authorId);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await (follows ? this.bringIn(readerId, authorId, traffic) : this.takeOut(readerId, authorId, traffic));
      const still = await this.followsNow(readerId, authorId);
      if (still === follows) return;
      follows = still;
    }
    throw new Error('the follow changed during every round');
  }

  private async bringIn(readerId: Id, authorId: Id, traffic: RedisTraffic): Promise<void> {
    const { maxEntries, unviewedTtlMs } = this.config.feed;
    const posts = await this.posts.recentOfAuthorNow(authorId, this.truth.oldestLive(), maxEntries);
    if (posts.length === 0) return;
    const entries = posts.map((post) => newEntry(post.id, post.createdAt.getTime(), unviewedTtlMs));
    await this.store.add(readerId, entries, traffic);
  }

  private async takeOut(readerId: Id, authorId: Id, traffic: RedisTraffic): Promise<void> {
    const held = await this.store.allPostIds(readerId, traffic);
    const theirs = await this.posts.idsOfAuthorAmongNow(authorId, held);
    await this.store.remove([...theirs], [readerId], traffic);
  }

  private async followsNow(readerId: Id, authorId: Id): Promise<boolean> {
    return (await this.follows.followedAmongNow(readerId, [authorId])).has(authorId);
  }
}
