import type { Id } from '../../common/id.js';

/** A post was published: it goes into the feeds of its author and of every follower. */
export const POST_CREATED = 'post.created';
/** A post was edited: caches hear of it. */
export const POST_EDITED = 'post.edited';
/** A post was deleted: it leaves the cache and every feed. */
export const POST_DELETED = 'post.deleted';
/** What hangs on a deleted post is cleared away. */
export const POST_PURGE = 'post.purge';

export interface PostCreatedEvent {
  postId: Id;
  authorId: Id;
  /** Milliseconds since the Unix epoch; decides how long the post lives in feeds. */
  createdAtMs: number;
}

export interface PostEditedEvent {
  postId: Id;
}

export interface PostDeletedEvent {
  postId: Id;
  authorId: Id;
}
