import { type DynamicModule, Module } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { ConfigModule } from '../../config/config.module.js';
import { DatabaseModule } from '../../infrastructure/database/database.module.js';
import { OutboxJobsRepository } from '../../infrastructure/outbox/outbox-jobs.repository.js';
import { OutboxOperator } from './outbox-operator.js';

/** The command for the outbox. It needs MySQL only. */
@Module({})
export class OutboxCommandModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: OutboxCommandModule,
      imports: [ConfigModule.forRoot(config), DatabaseModule.forRoot([])],
      providers: [OutboxOperator, OutboxJobsRepository],
    };
  }
}
