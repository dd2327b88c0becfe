import { Module } from '@nestjs/common';
import { FollowsModule } from '../follows/follows.module.js';
import { MediaModule } from '../media/media.module.js';
import { AccountsWriter } from './accounts.writer.js';
import { FollowerLists } from './follower-lists.views.js';
import { UsersController } from './users.controller.js';
import { UsersReader } from './users.reader.js';
import { UsersRepository } from './users.repository.js';
import { UsersSearchRepository } from './users.search.repository.js';
import { UsersSearch } from './users.search.js';
import { UsersService } from './users.service.js';
import { UsersViews } from './users.views.js';
import { UsersWriter } from './users.writer.js';

@Module({
  imports: [FollowsModule, MediaModule],
  providers: [UsersRepository, UsersReader, UsersViews, UsersWriter, AccountsWriter],
  exports: [UsersRepository, UsersReader, UsersViews, UsersWriter, AccountsWriter, FollowsModule, MediaModule],
})
export class UsersModule {}

/** The routes; only the API has them. */
@Module({
  imports: [UsersModule],
  controllers: [UsersController],
  providers: [UsersService, UsersSearch, UsersSearchRepository, FollowerLists],
})
export class UsersApiModule {}
