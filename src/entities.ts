import { OutboxEventEntity } from './infrastructure/outbox/outbox-event.entity.js';
import { RefreshTokenEntity } from './modules/auth/refresh-token.entity.js';
import { CommentEntity } from './modules/comments/comment.entity.js';
import { FollowEntity } from './modules/follows/follow.entity.js';
import { LikeEntity } from './modules/likes/like.entity.js';
import { PostEntity } from './modules/posts/post.entity.js';
import { UserEntity } from './modules/users/user.entity.js';

/** Everything that TypeORM maps. */
export const ENTITIES_LIST = [
  UserEntity,
  RefreshTokenEntity,
  FollowEntity,
  PostEntity,
  CommentEntity,
  LikeEntity,
  OutboxEventEntity,
];
