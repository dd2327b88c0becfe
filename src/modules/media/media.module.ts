import { Module } from '@nestjs/common';
import { SchedulingModule } from '../../infrastructure/scheduling/scheduling.module.js';
import { StorageModule } from '../../infrastructure/storage/storage.module.js';
import { MediaCleanupJob } from './media-cleanup.job.js';
import { MediaCleanupMetrics } from './media-cleanup.metrics.js';
import { MediaController } from './media.controller.js';
import { MediaMetrics } from './media.metrics.js';
import { MediaPublication } from './media-publication.js';
import { MediaRepository } from './media.repository.js';
import { MediaViews } from './media.views.js';
import { MediaWriter } from './media.writer.js';
import { MultipartUploads } from './multipart-uploads.service.js';
import { UploadsService } from './uploads.service.js';

@Module({
  imports: [StorageModule],
  providers: [MediaRepository, MediaMetrics, MediaPublication, MediaWriter, MediaViews],
  exports: [StorageModule, MediaRepository, MediaMetrics, MediaWriter, MediaViews],
})
export class MediaModule {}

/** The routes; only the API has them. */
@Module({
  imports: [MediaModule],
  controllers: [MediaController],
  providers: [UploadsService, MultipartUploads],
})
export class MediaApiModule {}

/** Clearing away; only the worker does it. */
@Module({ imports: [MediaModule, SchedulingModule], providers: [MediaCleanupJob, MediaCleanupMetrics] })
export class MediaWorkerModule {}
