import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import type { RedisTraffic } from '../../infrastructure/redis/redis-clients.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { PostsReader } from '../posts/posts.reader.js';
import { newEntry } from './feed-entry.js';
import { FeedStore } from './feed.store.js';
import { unreadSince } from './feed-time.js';
import { FeedTruth } from './feed-truth.js';

/** Rounds before the job is put off: a follow that changes this often within milliseconds is tried again later. */
const MAX_ROUNDS = 5;

/** One reader and one author, and since when they may follow them. */
export interface FollowChange {
  readerId: Id;
  authorId: Id;
  /** Of a change that is brought into the feed late, or once more; left out of one that is new. */
  changedAt?: Date;
}

/**
 * Brings one author's posts in a reader's feed in line with whether the reader follows them: in after a follow, out
 * after an unfollow. It goes by the truth of now, not by the event, so a late or repeated event does no harm: posts that
 * the reader may have viewed since the event, and that may be gone again, do not rise.
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

  async reconcile(change: FollowChange, traffic: RedisTraffic): Promise<void> {
    const { readerId, authorId } = change;
    let follows = await this.followsNow(readerId, authorId);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (follows) await this.bringIn(change, traffic);
      // Who deletes a post takes it out of the feeds of present followers: not of one who had left for a moment, nor of
      // one whose entry was just to be added.
      await this.takeOut(change, follows, traffic);
      const still = await this.followsNow(readerId, authorId);
      if (still === follows) return;
      follows = still;
    }
    throw new Error('the follow changed during every round');
  }

  private async bringIn({ readerId, authorId, changedAt }: FollowChange, traffic: RedisTraffic): Promise<void> {
    const { maxEntries, unviewedTtlMs } = this.config.feed;
    const posts = await this.posts.recentOfAuthorNow(authorId, this.truth.oldestLive(), maxEntries);
    const repeatableFrom = this.truth.repeatableFrom();
    const isLate = changedAt !== undefined && changedAt < repeatableFrom;
    const [news, olds] = isLate ? partition(posts, ({ createdAt }) => createdAt >= repeatableFrom) : [posts, []];
    const entriesOf = (some: typeof posts) =>
      some.map((post) => newEntry(post.id, post.createdAt.getTime(), unviewedTtlMs));
    if (news.length > 0) await this.store.add(readerId, entriesOf(news), traffic);
    if (olds.length > 0) await this.store.add(readerId, entriesOf(olds), traffic, unreadSince(changedAt!.getTime()));
  }

  /** Takes out what is deleted, and the author's posts if the reader has left them. */
  private async takeOut({ readerId, authorId }: FollowChange, follows: boolean, traffic: RedisTraffic): Promise<void> {
    const held = await this.store.allPostIds(readerId, traffic);
    const authors = await this.posts.authorsAmongNow(held);
    // Asked once more right before: what a follow has brought in meanwhile would be missing until the next round.
    const isLeft = !follows && !(await this.followsNow(readerId, authorId));
    const left = isLeft ? held.filter((id) => authors.get(id) === authorId) : [];
    const deleted = held.filter((id) => !authors.has(id));
    await this.store.remove([...left, ...deleted], [readerId], traffic);
  }

  private async followsNow(readerId: Id, authorId: Id): Promise<boolean> {
    return (await this.follows.followedAmongNow(readerId, [authorId])).has(authorId);
  }
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
