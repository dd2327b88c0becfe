import { Module } from '@nestjs/common';
import { FollowsController } from './follows.controller.js';
import { FollowsReader } from './follows.reader.js';
import { FollowsRepository } from './follows.repository.js';
import { FollowsService } from './follows.service.js';

@Module({
  providers: [FollowsRepository, FollowsReader, FollowsService],
  exports: [FollowsReader, FollowsService],
})
export class FollowsModule {}

/** The routes; only the API has them. */
@Module({ imports: [FollowsModule], controllers: [FollowsController] })
export class FollowsApiModule {}
