import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { PostsController } from './posts.controller.js';
import { PostsReader } from './posts.reader.js';
import { PostsRepository } from './posts.repository.js';
import { PostsService } from './posts.service.js';
import { PostsViews } from './posts.views.js';

@Module({
  imports: [UsersModule],
  providers: [PostsRepository, PostsReader, PostsViews, PostsService],
  exports: [PostsReader, PostsViews, PostsService],
})
export class PostsModule {}

/** The routes; only the API has them. */
@Module({ imports: [PostsModule], controllers: [PostsController] })
export class PostsApiModule {}
