import { Controller, Delete, Get, Header, Put, Query } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { IdParam } from '../../infrastructure/http/id-param.decorator.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import type { Page } from '../../infrastructure/http/page.js';
import { PageQuery } from '../../infrastructure/http/page.query.js';
import { UserResponse } from '../users/users.views.js';
import { LikeResponse } from './dto/like.response.js';
import { LikesService } from './likes.service.js';
import { LikesViews } from './likes.views.js';

@Controller('v1/posts/:id')
export class LikesController {
  constructor(
    private readonly likes: LikesService,
    private readonly views: LikesViews,
  ) {}

  @Put('like')
  @Header('Cache-Control', 'private, no-store')
  @Documented({ tag: 'Likes', summary: 'Like a post', ok: LikeResponse, body: true, errors: ['POST_NOT_FOUND'] })
  like(@IdParam() postId: Id, @CurrentUserId() userId: Id): Promise<LikeResponse> {
    return this.likes.like(postId, userId);
  }

  @Delete('like')
  @Header('Cache-Control', 'private, no-store')
  @Documented({ tag: 'Likes', summary: 'Take a like back', ok: LikeResponse, body: true, errors: ['POST_NOT_FOUND'] })
  unlike(@IdParam() postId: Id, @CurrentUserId() userId: Id): Promise<LikeResponse> {
    return this.likes.unlike(postId, userId);
  }

  @Get('likes')
  @Header('Cache-Control', 'private, no-store')
  @Documented({ tag: 'Likes', summary: 'Who likes a post', page: UserResponse, errors: ['POST_NOT_FOUND'] })
  likers(@IdParam() postId: Id, @CurrentUserId() readerId: Id, @Query() query: PageQuery): Promise<Page<UserResponse>> {
    return this.views.likers(postId, readerId, query.limit, query.cursor);
  }
}
