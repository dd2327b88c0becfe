import { Global, Module } from '@nestjs/common';
import { CacheMetrics } from './cache.metrics.js';
import { JobMetrics } from './job.metrics.js';
import { MetricFactory } from './metric-factory.js';
import { MetricsController } from './metrics.controller.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [MetricFactory, JobMetrics, CacheMetrics],
  exports: [MetricFactory, JobMetrics, CacheMetrics],
})
export class MetricsModule {}
