import type { Id } from '../../common/id.js';

/** Somebody began to follow: the author's recent posts go into the follower's feed. */
export const FOLLOW_CREATED = 'follow.created';
/** Somebody stopped: the author's posts leave the follower's feed. */
export const FOLLOW_REMOVED = 'follow.removed';
/** Many follows were written at once: the feeds of these followers are dropped and rebuilt on their next reading. */
export const FOLLOWS_IMPORTED = 'follows.imported';
/** A deleted account lost followers: by then all its posts are deleted, and what is left of them leaves these feeds. */
export const FOLLOWERS_REMOVED = 'followers.removed';

export interface FollowEvent {
  followerId: Id;
  followeeId: Id;
}

export interface FollowsImportedEvent {
  followerIds: Id[];
}

export interface FollowersRemovedEvent {
  followerIds: Id[];
}
