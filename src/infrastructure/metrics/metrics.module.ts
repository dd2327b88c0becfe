import { Global, Module } from '@nestjs/common';
import { JobMetrics } from './job.metrics.js';
import { MetricFactory } from './metric-factory.js';
import { MetricsController } from './metrics.controller.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [MetricFactory, JobMetrics],
  exports: [MetricFactory, JobMetrics],
})
export class MetricsModule {}
