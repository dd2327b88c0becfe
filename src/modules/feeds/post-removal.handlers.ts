import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppliesInline, type InlineEffect } from '../../infrastructure/outbox/inline-effects.js';
import {
  HandlesOutbox,
  type JobContext,
  type OutboxHandler,
} from '../../infrastructure/outbox/outbox-handler.decorator.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { POST_DELETED, type PostDeletedEvent } from '../posts/posts.events.js';
import { PostsWriter } from '../posts/posts.writer.js';
import { FeedDelivery } from './feed-delivery.js';
import { FeedStore } from './feed.store.js';

/**
 * Takes a deleted post out of the cache and every feed. A fan-out of the same post that still runs looks whether it is deleted after
 * each chunk, so the order of the two does not matter.
 */
@Injectable()
@HandlesOutbox(POST_DELETED)
export class PostRemovalHandler implements OutboxHandler<PostDeletedEvent> {
  constructor(
    private readonly delivery: FeedDelivery,
    private readonly follows: FollowsReader,
    private readonly posts: PostsWriter,
  ) {}

  async handle({ postId, authorId }: PostDeletedEvent, job: JobContext): Promise<void> {
    if (job.progress === null) {
      // First of all: until then it can be read by its id. And here, because what is cleared away may wait for long behind accounts.
      await this.posts.bury(postId);
      await this.delivery.remove(postId, [authorId]);
    }
    let after: Id | undefined = job.progress ?? '0';
    while (after !== undefined) {
      const { chunk } = this.delivery;
      const followers: Id[] = await this.follows.followersAfterNow(authorId, after, chunk);
      await this.delivery.remove(postId, followers);
      after = followers.length === chunk ? followers.at(-1) : undefined;
      if (after !== undefined) await job.saveProgress(after);
    }
  }
}

/** The author's own feed loses it before they get their answer. */
@Injectable()
@AppliesInline(POST_DELETED)
export class OwnPostRemovedEffect implements InlineEffect<PostDeletedEvent> {
  constructor(private readonly store: FeedStore) {}

  apply({ postId, authorId }: PostDeletedEvent): Promise<void> {
    return this.store.remove([postId], [authorId], 'request');
  }
}
