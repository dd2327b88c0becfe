import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import {
  HandlesOutbox,
  type JobContext,
  type OutboxHandler,
} from '../../infrastructure/outbox/outbox-handler.decorator.js';
import { CommentsWriter } from '../comments/comments.writer.js';
import { LikesWriter } from '../likes/likes.writer.js';
import { MediaWriter } from '../media/media.writer.js';
import { PostCountsWriter } from '../post-counts/post-counts.writer.js';
import { POST_PURGE, type PostDeletedEvent } from './posts.events.js';
import { PostsRepository } from './posts.repository.js';

/** Rows of one transaction: short enough that replicas apply it without lagging. */
const BATCH = 1_000;

/** Clears away what hangs on a deleted post: comments, likes, counts, media, and at last its row. */
@Injectable()
@HandlesOutbox(POST_PURGE)
export class PostPurgeHandler implements OutboxHandler<PostDeletedEvent> {
  constructor(
    private readonly comments: CommentsWriter,
    private readonly likes: LikesWriter,
    private readonly counts: PostCountsWriter,
    private readonly media: MediaWriter,
    private readonly repository: PostsRepository,
  ) {}

  async handle({ postId, authorId }: PostDeletedEvent, job: JobContext): Promise<void> {
    // Progress has nothing to remember, rows that went are gone; saving it extends the lease.
    while ((await this.comments.removeOfPost(postId, BATCH)) === BATCH) await job.saveProgress('comments');
    while ((await this.likes.removeOfPost(postId, BATCH)) === BATCH) await job.saveProgress('likes');
    while ((await this.counts.removeChanges(postId, BATCH)) === BATCH) await job.saveProgress('counts');
    await this.purge(postId, authorId);
  }

  @Transactional()
  private async purge(postId: Id, authorId: Id): Promise<void> {
    await this.media.release(authorId, await this.repository.takeMedia(postId));
    await this.counts.purge(postId);
    await this.repository.purge(postId);
  }
}
