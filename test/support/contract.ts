/** What the API answers, written down from the contract and not from the code, so that a slip of the code shows. */

export interface UserSummary {
  id: string;
  username: string;
  displayName: string;
  avatarUrl: string | null;
}

export interface User extends UserSummary {
  bio: string;
  postCount: number;
  followerCount: number;
  followingCount: number;
  createdAt: string;
  followedByMe: boolean;
}

export interface OwnUser extends User {
  email: string;
}

export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

export type Session = TokenPair & { user: OwnUser };

export interface Post {
  id: string;
  author: UserSummary;
  content: string;
  media: { url: string; contentType: string }[];
  likeCount: number;
  commentCount: number;
  likedByMe: boolean;
  createdAt: string;
  editedAt: string | null;
}

interface FeedItem {
  post: Post;
  viewed: boolean;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export type FeedPage = Page<FeedItem>;

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  requestId: string;
  errors?: { field: string; message: string }[];
}
