import { type DynamicModule, Module } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { ConfigModule } from '../../config/config.module.js';
import { ENTITIES_LIST } from '../../entities.js';
import { DatabaseModule } from '../../infrastructure/database/database.module.js';
import { OutboxModule } from '../../infrastructure/outbox/outbox.module.js';
import { PasswordHasher } from '../../infrastructure/passwords/password-hasher.js';
import { RedisModule } from '../../infrastructure/redis/redis.module.js';
import { FollowsImportModule } from '../../modules/follows/follows-import.module.js';
import { UsersImportModule } from '../../modules/users/users-import.module.js';
import { GraphLoader } from './graph-loader.js';

/** The load command. Of the services it needs MySQL only: the feeds it touches are dropped by the worker, through the outbox. */
@Module({})
export class LoadGraphModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: LoadGraphModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(ENTITIES_LIST),
        RedisModule,
        OutboxModule,
        FollowsImportModule,
        UsersImportModule,
      ],
      providers: [GraphLoader, PasswordHasher],
    };
  }
}
