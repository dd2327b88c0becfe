import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { MetricsModule } from '../metrics/metrics.module.js';
import { KeyScanner } from './key-scanner.js';
import { PipelineContext } from './pipeline-context.js';
import { RedisBreakers } from './redis-breakers.js';
import { RedisClients } from './redis-clients.js';
import { RedisCommands } from './redis-commands.js';
import { RedisExecutor } from './redis-executor.js';
import { RedisHealthIndicator } from './redis.health.js';
import { RedisTrafficMetrics } from './redis-traffic.metrics.js';
import { RedisTraces } from './redis-traces.js';
import { RedisMasters } from './redis-masters.js';
import { RedisMethodInterceptor } from './redis-method.interceptor.js';
import { RedisMetrics } from './redis.metrics.js';
import { RedisResilience } from './redis-resilience.js';
import { RequestBudgets } from './request-budgets.js';
import { RequestGuard } from './request-guard.js';

@Global()
@Module({
  imports: [TerminusModule, DiscoveryModule, MetricsModule],
  providers: [
    RedisClients,
    RedisMetrics,
    RedisBreakers,
    RequestBudgets,
    RequestGuard,
    RedisExecutor,
    RedisTrafficMetrics,
    RedisTraces,
    PipelineContext,
    RedisResilience,
    RedisMethodInterceptor,
    RedisCommands,
    KeyScanner,
    RedisMasters,
    RedisHealthIndicator,
  ],
  exports: [RedisClients, RedisExecutor, RequestGuard, RedisCommands, KeyScanner, RedisMasters, RedisHealthIndicator],
})
export class RedisModule {}
