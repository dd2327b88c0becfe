import { Module } from '@nestjs/common';
import { PostCountsModule } from '../post-counts/post-counts.module.js';
import { UsersModule } from '../users/users.module.js';
import { CommentsController } from './comments.controller.js';
import { CommentsRepository } from './comments.repository.js';
import { CommentsService } from './comments.service.js';
import { CommentsViews } from './comments.views.js';
import { CommentsWriter } from './comments.writer.js';

@Module({
  imports: [UsersModule, PostCountsModule],
  providers: [CommentsRepository, CommentsViews, CommentsWriter, CommentsService],
  exports: [CommentsWriter, CommentsViews, CommentsService],
})
export class CommentsModule {}

/** The routes; only the API has them. */
@Module({ imports: [CommentsModule], controllers: [CommentsController] })
export class CommentsApiModule {}
