import type { Id } from '../../common/id.js';

/** Somebody began to follow: the author's recent posts go into the follower's feed. */
export const FOLLOW_CREATED = 'follow.created';
/** Somebody stopped: the author's posts leave the follower's feed. */
export const FOLLOW_REMOVED = 'follow.removed';
/** Many follows were written at once: the feeds of these followers are dropped and rebuilt on their next reading. */
export const FOLLOWS_IMPORTED = 'follows.imported';

export interface FollowEvent {
  followerId: Id;
  followeeId: Id;
}

export interface FollowsImportedEvent {
  followerIds: Id[];
}
