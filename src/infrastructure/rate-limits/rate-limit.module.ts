import { Global, Module } from '@nestjs/common';
import { RateLimitMetrics } from './rate-limit.metrics.js';
import { RateLimiters } from './rate-limiters.js';

@Global()
@Module({ providers: [RateLimiters, RateLimitMetrics], exports: [RateLimiters] })
export class RateLimitModule {}
