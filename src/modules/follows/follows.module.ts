import { Module } from '@nestjs/common';
import { FollowRemovalRepository } from './follow-removal.repository.js';
import { FollowRemovalWriter } from './follow-removal.writer.js';
import { FollowsController } from './follows.controller.js';
import { FollowsReader } from './follows.reader.js';
import { FollowsRepository } from './follows.repository.js';
import { FollowsService } from './follows.service.js';

@Module({
  providers: [FollowsRepository, FollowsReader, FollowsService, FollowRemovalRepository, FollowRemovalWriter],
  exports: [FollowsReader, FollowsService, FollowRemovalWriter],
})
export class FollowsModule {}

/** The routes; only the API has them. */
@Module({ imports: [FollowsModule], controllers: [FollowsController] })
export class FollowsApiModule {}
