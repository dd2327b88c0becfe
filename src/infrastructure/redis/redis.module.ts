import { Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { RedisClients } from './redis-clients.js';
import { RedisExecutor } from './redis-executor.js';
import { RedisHealthIndicator } from './redis.health.js';

@Global()
@Module({
  imports: [TerminusModule],
  providers: [RedisClients, RedisExecutor, RedisHealthIndicator],
  exports: [RedisClients, RedisExecutor, RedisHealthIndicator],
})
export class RedisModule {}
