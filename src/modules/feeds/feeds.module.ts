import { Module } from '@nestjs/common';
import { SchedulingModule } from '../../infrastructure/scheduling/scheduling.module.js';
import { BackgroundPaceModule } from '../../infrastructure/yielding/yielding.module.js';
import { FollowsModule } from '../follows/follows.module.js';
import { PostsModule, PostsWorkerModule } from '../posts/posts.module.js';
import { FanOutHandler } from './fan-out.handler.js';
import { FeedAuditFacts } from './feed-audit.facts.js';
import { FeedAuditJob } from './feed-audit.job.js';
import { FeedAuditRepository } from './feed-audit.repository.js';
import { FeedAuditStore } from './feed-audit.store.js';
import { FeedAudit } from './feed-audit.js';
import { FeedBacklogReader } from './feed-backlog.js';
import { FeedBuilder } from './feed-builder.js';
import { FeedDelivery } from './feed-delivery.js';
import { FeedFollows } from './feed-follows.js';
import { FeedItems } from './feed-items.js';
import { FeedLargeAuthors } from './feed-large-authors.js';
import { FeedPull } from './feed-pull.js';
import { FeedMetrics } from './feed.metrics.js';
import { FeedReadMetrics } from './feed-read.metrics.js';
import { FeedStore } from './feed.store.js';
import { FeedSweep } from './feed-sweep.js';
import { FeedSweepJob } from './feed-sweep.job.js';
import { FeedTruth } from './feed-truth.js';
import { FeedsController } from './feeds.controller.js';
import { FeedsRepository } from './feeds.repository.js';
import { FeedsService } from './feeds.service.js';
import {
  BackfillHandler,
  FollowedEffect,
  ImportedFollowsHandler,
  RemovalHandler,
  UnfollowedEffect,
} from './follow.handlers.js';
import { OwnPostEffect } from './own-post.effect.js';
import { OwnPostRemovedEffect, PostRemovalHandler } from './post-removal.handlers.js';
import { ReadingRecorder } from './reading-recorder.js';
import { RemovedFollowersHandler } from './removed-followers.handler.js';

/** What both processes need of feeds. */
@Module({
  imports: [FollowsModule, PostsModule],
  providers: [FeedStore, FeedTruth, FeedsRepository, FeedFollows],
  exports: [FeedStore, FeedTruth, FeedFollows, FollowsModule, PostsModule],
})
class FeedsCoreModule {}

/** For the API: reading, and what an author or follower sees at once. */
@Module({
  imports: [FeedsCoreModule],
  controllers: [FeedsController],
  providers: [
    FeedsService,
    FeedItems,
    FeedReadMetrics,
    FeedBuilder,
    FeedLargeAuthors,
    FeedPull,
    ReadingRecorder,
    OwnPostEffect,
    FollowedEffect,
    UnfollowedEffect,
    OwnPostRemovedEffect,
  ],
})
export class FeedsModule {}

/** For the worker: delivery. */
@Module({
  imports: [FeedsCoreModule, PostsWorkerModule, SchedulingModule, BackgroundPaceModule],
  providers: [
    FeedDelivery,
    FanOutHandler,
    PostRemovalHandler,
    BackfillHandler,
    RemovalHandler,
    ImportedFollowsHandler,
    RemovedFollowersHandler,
    FeedSweep,
    FeedAudit,
    FeedAuditFacts,
    FeedAuditJob,
    FeedAuditRepository,
    FeedAuditStore,
    FeedBacklogReader,
    FeedSweepJob,
    FeedMetrics,
  ],
})
export class FeedsWorkerModule {}
