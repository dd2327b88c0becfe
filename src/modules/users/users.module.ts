import { Module } from '@nestjs/common';
import { FollowsModule } from '../follows/follows.module.js';
import { UsersController } from './users.controller.js';
import { UsersReader } from './users.reader.js';
import { UsersRepository } from './users.repository.js';
import { UsersWriter } from './users.writer.js';
import { UsersViews } from './users.views.js';

@Module({
  imports: [FollowsModule],
  providers: [UsersRepository, UsersReader, UsersViews, UsersWriter],
  exports: [UsersReader, UsersViews, UsersWriter],
})
export class UsersModule {}

/** The routes; only the API has them. */
@Module({ imports: [UsersModule], controllers: [UsersController] })
export class UsersApiModule {}
