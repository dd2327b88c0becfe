import { Module } from '@nestjs/common';
import { FollowsImportRepository } from './follows-import.repository.js';
import { FollowsImportWriter } from './follows-import.writer.js';
import { FollowsRepository } from './follows.repository.js';

/** For tools that import many follows and need nothing else of this feature. */
@Module({
  providers: [FollowsRepository, FollowsImportRepository, FollowsImportWriter],
  exports: [FollowsImportWriter],
})
export class FollowsImportModule {}
