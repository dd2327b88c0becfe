import type { Id } from '../../common/id.js';

/** A post was published: it goes into the feeds of its author and of every follower. */
export const POST_CREATED = 'post.created';

export interface PostCreatedEvent {
  postId: Id;
  authorId: Id;
  /** Milliseconds since the Unix epoch; decides how long the post lives in feeds. */
  createdAtMs: number;
}
