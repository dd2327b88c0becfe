import type { Id } from '../../../common/id.js';
import type { UserSummaryResponse } from '../../users/users.views.js';

export interface PostResponse {
  id: Id;
  author: UserSummaryResponse;
  content: string;
  media: { url: string; contentType: string }[];
  likeCount: number;
  commentCount: number;
  likedByMe: boolean;
  /** RFC 3339, UTC, milliseconds. */
  createdAt: string;
  editedAt: string | null;
}
