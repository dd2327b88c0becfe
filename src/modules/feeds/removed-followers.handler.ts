import { Injectable } from '@nestjs/common';
import { batches } from '../../common/batches.js';
import type { Id } from '../../common/id.js';
import {
  HandlesOutbox,
  type JobContext,
  type OutboxHandler,
} from '../../infrastructure/outbox/outbox-handler.decorator.js';
import { FOLLOWERS_REMOVED, type FollowersRemovedEvent } from '../follows/follows.events.js';
import { PostsReader } from '../posts/posts.reader.js';
import { FeedStore } from './feed.store.js';

/** Feeds of one look at MySQL: 20,000 posts when all are full. */
const FEEDS = 25;

/**
 * After the removal of a deleted account: takes deleted posts out of the feeds of those who followed it. Nobody else does, when the
 * deletion of a post finds the follows gone.
 *
 * What is deleted stays so, and whoever adds a post looks again whether it is: nothing can have changed meanwhile.
 */
@Injectable()
@HandlesOutbox(FOLLOWERS_REMOVED)
export class RemovedFollowersHandler implements OutboxHandler<FollowersRemovedEvent> {
  constructor(
    private readonly store: FeedStore,
    private readonly posts: PostsReader,
  ) {}

  async handle({ followerIds }: FollowersRemovedEvent, job: JobContext): Promise<void> {
    const done = job.progress === null ? 0 : followerIds.indexOf(job.progress) + 1;
    for (const readerIds of batches(followerIds.slice(done), FEEDS)) {
      await this.takeOutDeleted(readerIds);
      await job.saveProgress(readerIds.at(-1)!);
    }
  }

  private async takeOutDeleted(readerIds: readonly Id[]): Promise<void> {
    const held = await Promise.all(readerIds.map((readerId) => this.store.allPostIds(readerId, 'background')));
    const live = await this.posts.liveAmongNow([...new Set(held.flat())]);
    await Promise.all(
      readerIds.map((readerId, index) => {
        const deleted = held[index]!.filter((id) => !live.has(id));
        return this.store.remove(deleted, [readerId], 'background');
      }),
    );
  }
}
