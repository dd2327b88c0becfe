import type { Id } from '../../../common/id.js';

export interface UserSummaryResponse {
  id: Id;
  username: string;
  displayName: string;
  avatarUrl: string | null;
}

export interface UserResponse extends UserSummaryResponse {
  bio: string;
  postCount: number;
  followerCount: number;
  followingCount: number;
  /** RFC 3339, UTC, milliseconds. */
  createdAt: string;
  followedByMe: boolean;
}

/** Only the user themself sees the address. */
export interface OwnUserResponse extends UserResponse {
  email: string;
}
