import { Module } from '@nestjs/common';
import { CommentsModule } from '../comments/comments.module.js';
import { LikesModule } from '../likes/likes.module.js';
import { MediaModule } from '../media/media.module.js';
import { PostCountsModule } from '../post-counts/post-counts.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountPurgeHandler } from './account-purge.handler.js';
import { PostPurgeHandler } from './post-purge.handler.js';
import { LargeAuthorsCleanupJob } from './large-authors-cleanup.job.js';
import { LargeAuthorsRepository } from './large-authors.repository.js';
import { LargeAuthorsWriter } from './large-authors.writer.js';
import { PostEditedHandler } from './post-edited.handler.js';
import { PostsCache } from './posts.cache.js';
import { PostsController } from './posts.controller.js';
import { PostsPage } from './posts.page.js';
import { PostsReader } from './posts.reader.js';
import { PostsRepository } from './posts.repository.js';
import { PostsService } from './posts.service.js';
import { PostsStore } from './posts.store.js';
import { PostsViews } from './posts.views.js';
import { PostsWriter } from './posts.writer.js';

@Module({
  imports: [UsersModule, LikesModule, CommentsModule, PostCountsModule, MediaModule],
  providers: [PostsRepository, PostsStore, PostsCache, PostsPage, PostsReader, PostsViews, PostsService],
  exports: [
    PostsRepository,
    PostsStore,
    PostsReader,
    PostsViews,
    PostsService,
    UsersModule,
    LikesModule,
    CommentsModule,
    PostCountsModule,
    MediaModule,
  ],
})
export class PostsModule {}

/** The routes; only the API has them. */
@Module({ imports: [PostsModule], controllers: [PostsController] })
export class PostsApiModule {}

/** Clearing away; only the worker does it. */
@Module({
  imports: [PostsModule],
  providers: [
    PostEditedHandler,
    PostPurgeHandler,
    AccountPurgeHandler,
    LargeAuthorsRepository,
    LargeAuthorsWriter,
    LargeAuthorsCleanupJob,
    PostsWriter,
  ],
  exports: [LargeAuthorsWriter, PostsWriter],
})
export class PostsWorkerModule {}
