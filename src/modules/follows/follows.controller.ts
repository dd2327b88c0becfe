import { Controller, Delete, HttpCode, HttpStatus, Put } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { IdParam } from '../../infrastructure/http/id-param.decorator.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import { FollowsService } from './follows.service.js';

@Controller('v1/users/:id/follow')
export class FollowsController {
  constructor(private readonly follows: FollowsService) {}

  @Put()
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({
    tag: 'Follows',
    summary: 'Follow a user',
    description: 'Their recent posts are in your feed when this returns. Following twice changes nothing.',
    noContent: true,
    body: true,
    errors: ['USER_NOT_FOUND', 'CANNOT_FOLLOW_SELF'],
  })
  follow(@CurrentUserId() followerId: Id, @IdParam() followeeId: Id): Promise<void> {
    return this.follows.follow(followerId, followeeId);
  }

  @Delete()
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({
    tag: 'Follows',
    summary: 'Stop following a user',
    description: 'Their posts have left your feed when this returns.',
    noContent: true,
    body: true,
    errors: ['USER_NOT_FOUND', 'CANNOT_FOLLOW_SELF'],
  })
  unfollow(@CurrentUserId() followerId: Id, @IdParam() followeeId: Id): Promise<void> {
    return this.follows.unfollow(followerId, followeeId);
  }
}
