import { Body, Controller, Get, Header, Param, Patch, Query, UseInterceptors } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { EtagInterceptor } from '../../infrastructure/http/etag.interceptor.js';
import { IdParam } from '../../infrastructure/http/id-param.decorator.js';
import type { Page } from '../../infrastructure/http/page.js';
import { PageQuery } from '../../infrastructure/http/page.query.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import { EditProfileRequest, SearchUsersQuery } from './dto/user.requests.js';
import { OwnUserResponse, UserResponse } from './dto/user.response.js';
import { FollowerLists } from './follower-lists.views.js';
import { UsersSearch } from './users.search.js';
import { UsersService } from './users.service.js';
import { UsersViews } from './users.views.js';

const TAG = 'Users';

@Controller('v1/users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly views: UsersViews,
    private readonly lists: FollowerLists,
    private readonly search: UsersSearch,
  ) {}

  @Get('me')
  @Header('Cache-Control', 'private, no-store')
  @UseInterceptors(EtagInterceptor)
  @Documented({
    tag: TAG,
    summary: 'Yourself',
    ok: OwnUserResponse,
    etag: true,
    noInput: true,
  })
  me(@CurrentUserId() userId: Id): Promise<OwnUserResponse> {
    return this.views.own(userId);
  }

  @Patch('me')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Change your profile',
    ok: OwnUserResponse,
    body: true,
    errors: ['MEDIA_NOT_UPLOADED', 'MEDIA_REJECTED', 'STORAGE_UNAVAILABLE'],
  })
  edit(@CurrentUserId() userId: Id, @Body() body: EditProfileRequest): Promise<OwnUserResponse> {
    return this.users.editProfile(userId, body);
  }

  @Get('by-username/:username')
  @Header('Cache-Control', 'private, no-store')
  @UseInterceptors(EtagInterceptor)
  @Documented({
    tag: TAG,
    summary: 'A user by username',
    ok: UserResponse,
    etag: true,
    noInput: true,
    errors: ['USER_NOT_FOUND'],
  })
  byUsername(@Param('username') username: string, @CurrentUserId() readerId: Id): Promise<UserResponse> {
    return this.views.byUsername(username.toLowerCase(), readerId);
  }

  @Get()
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Search by the beginning of username or display name',
    page: UserResponse,
  })
  find(@CurrentUserId() readerId: Id, @Query() query: SearchUsersQuery): Promise<Page<UserResponse>> {
    return this.search.page(query.query, readerId, query.limit, query.cursor);
  }

  @Get(':id')
  @Header('Cache-Control', 'private, no-store')
  @UseInterceptors(EtagInterceptor)
  @Documented({ tag: TAG, summary: 'A user', ok: UserResponse, etag: true, errors: ['USER_NOT_FOUND'] })
  one(@IdParam() id: Id, @CurrentUserId() readerId: Id): Promise<UserResponse> {
    return this.views.one(id, readerId);
  }

  @Get(':id/followers')
  @Header('Cache-Control', 'private, no-store')
  @Documented({ tag: TAG, summary: 'Who follows a user', page: UserResponse, errors: ['USER_NOT_FOUND'] })
  followers(@IdParam() id: Id, @CurrentUserId() readerId: Id, @Query() query: PageQuery): Promise<Page<UserResponse>> {
    return this.lists.followers(id, readerId, query.limit, query.cursor);
  }

  @Get(':id/following')
  @Header('Cache-Control', 'private, no-store')
  @Documented({ tag: TAG, summary: 'Whom a user follows', page: UserResponse, errors: ['USER_NOT_FOUND'] })
  following(@IdParam() id: Id, @CurrentUserId() readerId: Id, @Query() query: PageQuery): Promise<Page<UserResponse>> {
    return this.lists.following(id, readerId, query.limit, query.cursor);
  }
}
