import { Module } from '@nestjs/common';
import { CountCheckStep } from './count-check.js';
import { CountChecksRepository } from './count-checks.repository.js';
import { CountFlushJob } from './count-flush.job.js';
import { CountFlushMetrics } from './count-flush.metrics.js';
import { CountFlushRepository } from './count-flush.repository.js';
import { CountFlush } from './count-flush.js';
import { PostCountsMetrics } from './post-counts.metrics.js';
import { PostCountsReader } from './post-counts.reader.js';
import { PostCountsRepository } from './post-counts.repository.js';
import { PostCountsStore } from './post-counts.store.js';
import { PostCountsWriter } from './post-counts.writer.js';

@Module({
  providers: [PostCountsRepository, PostCountsStore, PostCountsMetrics, PostCountsReader, PostCountsWriter],
  exports: [PostCountsRepository, PostCountsStore, PostCountsReader, PostCountsWriter],
})
export class PostCountsModule {}

/** Writing back; only the worker does it. */
@Module({
  imports: [PostCountsModule],
  providers: [
    CountFlushRepository,
    CountChecksRepository,
    CountFlushMetrics,
    CountFlush,
    CountCheckStep,
    CountFlushJob,
  ],
})
export class PostCountsWorkerModule {}
