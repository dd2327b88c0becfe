import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { OutboxBacklogRepository, type PendingEvent } from '../../infrastructure/outbox/outbox-backlog.repository.js';
import {
  FOLLOW_CREATED,
  FOLLOW_REMOVED,
  FOLLOWERS_REMOVED,
  FOLLOWS_IMPORTED,
  type FollowersRemovedEvent,
  type FollowEvent,
  type FollowsImportedEvent,
} from '../follows/follows.events.js';
import { POST_CREATED, POST_DELETED, type PostCreatedEvent, type PostDeletedEvent } from '../posts/posts.events.js';

/** Jobs that are looked at to tell what is late from what is lost. */
const MOST_JOBS = 1_000;

/** What will happen to feeds anyway. */
export class FeedBacklog {
  private readonly posts = new Set<Id>();
  private readonly follows = new Set<string>();
  private readonly readers = new Set<Id>();

  add({ type, payload }: PendingEvent): void {
    if (type === POST_CREATED || type === POST_DELETED) {
      this.posts.add((payload as PostCreatedEvent | PostDeletedEvent).postId);
    } else if (type === FOLLOW_CREATED || type === FOLLOW_REMOVED) {
      const { followerId, followeeId } = payload as FollowEvent;
      this.follows.add(`${followerId}:${followeeId}`);
    } else if (type === FOLLOWS_IMPORTED || type === FOLLOWERS_REMOVED) {
      for (const id of (payload as FollowsImportedEvent | FollowersRemovedEvent).followerIds) this.readers.add(id);
    }
  }

  /** Whether a job will see to a post in a feed. */
  concerns(readerId: Id, postId: Id, authorId: Id | undefined): boolean {
    return this.readers.has(readerId) || this.posts.has(postId) || this.follows.has(`${readerId}:${authorId}`);
  }
}

/** Reads what the outbox still has to do for feeds. */
@Injectable()
export class FeedBacklogReader {
  constructor(private readonly repository: OutboxBacklogRepository) {}

  /** @returns `undefined` when there is too much of it to tell anything */
  @Transactional({ readOnly: true, fresh: true, certain: true })
  async read(): Promise<FeedBacklog | undefined> {
    const events = await this.repository.pending(MOST_JOBS);
    if (events.length === MOST_JOBS) return undefined;
    const backlog = new FeedBacklog();
    for (const event of events) backlog.add(event);
    return backlog;
  }
}
