import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ObjectStorage } from './object-storage.js';
import { PresignedUrls } from './presigned-urls.js';
import { StorageClient } from './storage-client.js';
import { StorageMetrics } from './storage.metrics.js';
import { StorageWatch } from './storage-watch.js';

/** For modules that keep files. */
@Module({
  imports: [MetricsModule],
  providers: [StorageMetrics, StorageClient, StorageWatch, ObjectStorage, PresignedUrls],
  exports: [ObjectStorage, PresignedUrls],
})
export class StorageModule {}
