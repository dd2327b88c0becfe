import { Controller, Delete, HttpCode, HttpStatus, Put } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { IdParam } from '../../infrastructure/http/id-param.decorator.js';
import { FollowsService } from './follows.service.js';

@Controller('v1/users/:id/follow')
export class FollowsController {
  constructor(private readonly follows: FollowsService) {}

  @Put()
  @HttpCode(HttpStatus.NO_CONTENT)
  follow(@CurrentUserId() followerId: Id, @IdParam() followeeId: Id): Promise<void> {
    return this.follows.follow(followerId, followeeId);
  }

  @Delete()
  @HttpCode(HttpStatus.NO_CONTENT)
  unfollow(@CurrentUserId() followerId: Id, @IdParam() followeeId: Id): Promise<void> {
    return this.follows.unfollow(followerId, followeeId);
  }
}
