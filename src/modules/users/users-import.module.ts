import { Module } from '@nestjs/common';
import { UsersImportRepository } from './users-import.repository.js';
import { UsersImportWriter } from './users-import.writer.js';

/** For tools that import many users and need nothing else of this feature. */
@Module({ providers: [UsersImportRepository, UsersImportWriter], exports: [UsersImportWriter] })
export class UsersImportModule {}
