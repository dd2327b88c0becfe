import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { ENTITIES_LIST } from './entities.js';
import { DatabaseModule, DatabaseMonitorModule } from './infrastructure/database/database.module.js';
import { HttpModule } from './infrastructure/http/http.module.js';
import { MetricsModule } from './infrastructure/metrics/metrics.module.js';
import { OutboxRelayModule } from './infrastructure/outbox/outbox.module.js';
import { RedisModule } from './infrastructure/redis/redis.module.js';
import { ReplayModule } from './infrastructure/replay/replay.module.js';
import { TracingModule } from './infrastructure/tracing/tracing.module.js';
import { IdempotencyCleanupModule } from './infrastructure/idempotency/idempotency.module.js';
import { SessionCleanupModule } from './modules/auth/auth.module.js';
import { FeedsWorkerModule } from './modules/feeds/feeds.module.js';
import { MediaWorkerModule } from './modules/media/media.module.js';
import { PostCountsWorkerModule } from './modules/post-counts/post-counts.module.js';
import { PostsWorkerModule } from './modules/posts/posts.module.js';

/** The worker process: background work, and a port for health and metrics. */
@Module({})
export class WorkerModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.forRoot(config),
        ScheduleModule.forRoot(),
        MetricsModule,
        TracingModule.forService('sns-worker'),
        DatabaseModule.forRoot(ENTITIES_LIST),
        DatabaseMonitorModule,
        RedisModule,
        OutboxRelayModule,
        ReplayModule,
        HttpModule,
        IdempotencyCleanupModule,
        SessionCleanupModule,
        PostsWorkerModule,
        PostCountsWorkerModule,
        MediaWorkerModule,
        FeedsWorkerModule,
      ],
    };
  }
}
