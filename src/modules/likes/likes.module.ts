import { Module } from '@nestjs/common';
import { PostCountsModule } from '../post-counts/post-counts.module.js';
import { UsersModule } from '../users/users.module.js';
import { LikesController } from './likes.controller.js';
import { LikesReader } from './likes.reader.js';
import { LikesRepository } from './likes.repository.js';
import { LikesService } from './likes.service.js';
import { LikesViews } from './likes.views.js';
import { LikesWriter } from './likes.writer.js';

@Module({
  imports: [UsersModule, PostCountsModule],
  providers: [LikesRepository, LikesReader, LikesWriter, LikesViews, LikesService],
  exports: [LikesReader, LikesWriter, LikesViews, LikesService],
})
export class LikesModule {}

/** The routes; only the API has them. */
@Module({ imports: [LikesModule], controllers: [LikesController] })
export class LikesApiModule {}
