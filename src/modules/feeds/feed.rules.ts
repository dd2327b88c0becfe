import type { Id } from '../../common/id.js';
import type { PostResponse } from '../posts/posts.views.js';
import type { FeedItem } from './dto/feed.response.js';

/** A place in a feed: the id, and whether the post was shown before. */
export interface FeedCandidate {
  postId: Id;
  viewed: boolean;
}

/**
 * Pure: which candidates the reader may see, in their order. Deleted posts and posts of authors whom the reader has
 * left drop out, even where Redis still holds them.
 */
export function visibleItems(
  candidates: readonly FeedCandidate[],
  posts: ReadonlyMap<Id, PostResponse>,
  readerId: Id,
  followed: ReadonlySet<Id>,
): FeedItem[] {
  return candidates.flatMap(({ postId, viewed }) => {
    const post = posts.get(postId);
    if (!post) return [];
    return post.author.id === readerId || followed.has(post.author.id) ? [{ post, viewed }] : [];
  });
}
