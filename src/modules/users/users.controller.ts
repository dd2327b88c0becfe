import { Controller, Get, Header } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { IdParam } from '../../infrastructure/http/id-param.decorator.js';
import type { OwnUserResponse, UserResponse } from './dto/user.response.js';
import { UsersViews } from './users.views.js';

@Controller('v1/users')
export class UsersController {
  constructor(private readonly views: UsersViews) {}

  @Get('me')
  @Header('Cache-Control', 'private, no-store')
  me(@CurrentUserId() userId: Id): Promise<OwnUserResponse> {
    return this.views.own(userId);
  }

  @Get(':id')
  @Header('Cache-Control', 'private, no-store')
  one(@IdParam() id: Id, @CurrentUserId() readerId: Id): Promise<UserResponse> {
    return this.views.one(id, readerId);
  }
}
