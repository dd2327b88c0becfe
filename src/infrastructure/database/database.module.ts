import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { NodeOptions } from './database-node.js';
import { DatabaseNodes, ENTITIES } from './database-nodes.js';
import { DatabaseHealthIndicator } from './database.health.js';
import { DatabaseMetrics } from './database.metrics.js';
import { NodeMonitor } from './node-monitor.js';
import { OwnWrites } from './own-writes.js';
import { TransactionHost } from './transaction-host.js';

@Global()
@Module({})
export class DatabaseModule {
  static forRoot(entities: NodeOptions['entities']): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [TerminusModule],
      providers: [{ provide: ENTITIES, useValue: entities }, DatabaseNodes, TransactionHost, DatabaseHealthIndicator],
      exports: [DatabaseNodes, TransactionHost, DatabaseHealthIndicator],
    };
  }
}

/** For processes that serve users: their reads see their own writes. Background work acts for nobody. */
@Global()
@Module({ providers: [OwnWrites], exports: [OwnWrites] })
export class OwnWritesModule {}

/** For processes that stay: takes replicas out of the rotation, and tells figures. */
@Module({ providers: [NodeMonitor, DatabaseMetrics] })
export class DatabaseMonitorModule {}
