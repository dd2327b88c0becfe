import { Injectable } from '@nestjs/common';
import { AppliesInline, type InlineEffect } from '../../infrastructure/outbox/inline-effects.js';
import {
  HandlesOutbox,
  type JobContext,
  type OutboxHandler,
} from '../../infrastructure/outbox/outbox-handler.decorator.js';
import {
  FOLLOW_CREATED,
  FOLLOW_REMOVED,
  FOLLOWS_IMPORTED,
  type FollowEvent,
  type FollowsImportedEvent,
} from '../follows/follows.events.js';
import { FeedFollows, type FollowChange } from './feed-follows.js';
import { FeedStore } from './feed.store.js';

/** After a follow: the author's recent posts enter the follower's feed. */
@Injectable()
@HandlesOutbox(FOLLOW_CREATED)
export class BackfillHandler implements OutboxHandler<FollowEvent> {
  constructor(private readonly feeds: FeedFollows) {}

  handle(event: FollowEvent, job: JobContext): Promise<void> {
    return this.feeds.reconcile({ ...changeOf(event), changedAt: job.createdAt }, 'background');
  }
}

/** After an unfollow: the author's posts leave the feed. */
@Injectable()
@HandlesOutbox(FOLLOW_REMOVED)
export class RemovalHandler implements OutboxHandler<FollowEvent> {
  constructor(private readonly feeds: FeedFollows) {}

  handle(event: FollowEvent, job: JobContext): Promise<void> {
    return this.feeds.reconcile({ ...changeOf(event), changedAt: job.createdAt }, 'background');
  }
}

/** After an import of follows: the feeds it touched are dropped, and rebuilt when their owners read. */
@Injectable()
@HandlesOutbox(FOLLOWS_IMPORTED)
export class ImportedFollowsHandler implements OutboxHandler<FollowsImportedEvent> {
  constructor(private readonly store: FeedStore) {}

  handle(event: FollowsImportedEvent): Promise<void> {
    return this.store.drop(event.followerIds);
  }
}

/** The same for the one who acted, before they get their answer. */
@Injectable()
@AppliesInline(FOLLOW_CREATED)
export class FollowedEffect implements InlineEffect<FollowEvent> {
  constructor(private readonly feeds: FeedFollows) {}

  apply(event: FollowEvent): Promise<void> {
    return this.feeds.reconcile(changeOf(event), 'request');
  }
}

@Injectable()
@AppliesInline(FOLLOW_REMOVED)
export class UnfollowedEffect implements InlineEffect<FollowEvent> {
  constructor(private readonly feeds: FeedFollows) {}

  apply(event: FollowEvent): Promise<void> {
    return this.feeds.reconcile(changeOf(event), 'request');
  }
}

const changeOf = ({ followerId, followeeId }: FollowEvent): FollowChange => ({
  readerId: followerId,
  authorId: followeeId,
});
