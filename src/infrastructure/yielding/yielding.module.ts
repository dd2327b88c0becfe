import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { BackgroundPace } from './background-pace.js';
import { RequestWaits } from './request-waits.js';
import { RequestWaitsStore } from './request-waits.store.js';

/** For the API: tells workers what its requests wait. */
@Module({ providers: [RequestWaits, RequestWaitsStore] })
export class RequestWaitsModule {}

/** For workers: work that yields to requests. */
@Module({ imports: [MetricsModule], providers: [BackgroundPace, RequestWaitsStore], exports: [BackgroundPace] })
export class BackgroundPaceModule {}
