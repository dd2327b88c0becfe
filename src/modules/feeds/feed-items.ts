import { Injectable } from '@nestjs/common';
import { fillPage } from '../../common/fill-page.js';
import { MAX_ID, type Id } from '../../common/id.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { PostsViews } from '../posts/posts.views.js';
import type { FeedItem } from './dto/feed.response.js';
import { visibleItems, type FeedCandidate } from './feed.rules.js';
import { FeedTruth } from './feed-truth.js';

/** What candidates have become. */
export interface VisibleItems {
  items: FeedItem[];
  /** Posts that do not seem to exist any more. */
  gone: Id[];
}

/** Makes items of places in a feed, wherever those come from. */
@Injectable()
export class FeedItems {
  constructor(
    private readonly truth: FeedTruth,
    private readonly posts: PostsViews,
    private readonly follows: FollowsReader,
  ) {}

  /** Hydrates candidates and applies the rules. */
  async visible(readerId: Id, candidates: readonly FeedCandidate[]): Promise<VisibleItems> {
    if (candidates.length === 0) return { items: [], gone: [] };
    const posts = await this.posts.many(
      candidates.map((candidate) => candidate.postId),
      readerId,
    );
    const authors = new Set([...posts.values()].map((post) => post.author.id));
    authors.delete(readerId);
    // Whom a reader follows is the reader's own writing: no replica answers that has not got the last of it.
    const followed = await this.follows.followedAmongUsual(readerId, [...authors]);
    const gone = candidates.filter(({ postId }) => !posts.has(postId)).map(({ postId }) => postId);
    return { items: visibleItems(candidates, posts, readerId, followed), gone };
  }

  /**
   * The newest of the reader's posts below one, from MySQL alone: as many as are wanted while there are more.
   *
   * @param viewed what is said of each
   */
  below(readerId: Id, belowId: Id, wanted: number, viewed: boolean): Promise<FeedItem[]> {
    return fillPage<Id, FeedItem>(
      {
        wanted,
        keysAfter: (below, count) => this.truth.postsBelow(readerId, below ?? MAX_ID, count),
        hydrate: async (ids) => {
          const { items } = await this.visible(
            readerId,
            ids.map((postId) => ({ postId, viewed })),
          );
          return items;
        },
      },
      belowId,
    );
  }
}
