import { type DynamicModule, Module } from '@nestjs/common';
import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { ENTITIES_LIST } from './entities.js';
import { DatabaseModule, DatabaseMonitorModule, OwnWritesModule } from './infrastructure/database/database.module.js';
import { HttpModule } from './infrastructure/http/http.module.js';
import { MetricsModule } from './infrastructure/metrics/metrics.module.js';
import { OutboxModule } from './infrastructure/outbox/outbox.module.js';
import { IdempotencyModule } from './infrastructure/idempotency/idempotency.module.js';
import { RateLimitModule } from './infrastructure/rate-limits/rate-limit.module.js';
import { RedisModule } from './infrastructure/redis/redis.module.js';
import { TracingModule } from './infrastructure/tracing/tracing.module.js';
import { RequestWaitsModule } from './infrastructure/yielding/yielding.module.js';
import { AuthModule } from './modules/auth/auth.module.js';
import { CommentsApiModule } from './modules/comments/comments.module.js';
import { FeedsModule } from './modules/feeds/feeds.module.js';
import { FollowsApiModule } from './modules/follows/follows.module.js';
import { LikesApiModule } from './modules/likes/likes.module.js';
import { MediaApiModule } from './modules/media/media.module.js';
import { PostsApiModule } from './modules/posts/posts.module.js';
import { UsersApiModule } from './modules/users/users.module.js';

/** The API process. */
@Module({})
export class AppModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        MetricsModule,
        TracingModule.forService('sns-api'),
        DatabaseModule.forRoot(ENTITIES_LIST),
        DatabaseMonitorModule,
        RedisModule,
        OwnWritesModule,
        RequestWaitsModule,
        OutboxModule,
        IdempotencyModule,
        RateLimitModule,
        HttpModule,
        AuthModule,
        UsersApiModule,
        FollowsApiModule,
        MediaApiModule,
        PostsApiModule,
        CommentsApiModule,
        LikesApiModule,
        FeedsModule,
      ],
    };
  }
}
