import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { MetricsModule } from '../metrics/metrics.module.js';
import { KeyScanner } from './key-scanner.js';
import { PipelineContext } from './pipeline-context.js';
import { RedisClients } from './redis-clients.js';
import { RedisCommands } from './redis-commands.js';
import { RedisExecutor } from './redis-executor.js';
import { RedisHealthIndicator } from './redis.health.js';
import { RedisTrafficMetrics } from './redis-traffic.metrics.js';
import { RedisMasters } from './redis-masters.js';
import { RedisPipelineInterceptor } from './redis-pipeline.interceptor.js';

@Global()
@Module({
  imports: [TerminusModule, DiscoveryModule, MetricsModule],
  providers: [
    RedisClients,
    RedisExecutor,
    RedisTrafficMetrics,
    PipelineContext,
    RedisPipelineInterceptor,
    RedisCommands,
    KeyScanner,
    RedisMasters,
    RedisHealthIndicator,
  ],
  exports: [RedisClients, RedisCommands, KeyScanner, RedisMasters, RedisHealthIndicator],
})
export class RedisModule {}
