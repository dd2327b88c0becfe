import { Injectable } from '@nestjs/common';
import { MAX_ID } from '../../common/id.js';
import { IdempotentWrites } from '../../infrastructure/idempotency/idempotent-writes.js';
import {
  HandlesOutbox,
  type JobContext,
  type OutboxHandler,
} from '../../infrastructure/outbox/outbox-handler.decorator.js';
import { CommentsWriter } from '../comments/comments.writer.js';
import { LikesWriter } from '../likes/likes.writer.js';
import { AccountsWriter } from '../users/accounts.writer.js';
import { USER_DELETED, type UserDeletedEvent } from '../users/users.events.js';
import { PostsService } from './posts.service.js';

/** Rows of one transaction. A deleted post brings two events with it, so these are fewer than elsewhere. */
const POSTS = 100;
const ROWS = 1_000;

/** Removes what a deleted account leaves behind: posts, comments, likes, follows, remembered answers, and at last its row. */
@Injectable()
@HandlesOutbox(USER_DELETED)
export class AccountPurgeHandler implements OutboxHandler<UserDeletedEvent> {
  constructor(
    private readonly posts: PostsService,
    private readonly comments: CommentsWriter,
    private readonly likes: LikesWriter,
    private readonly accounts: AccountsWriter,
    private readonly requests: IdempotentWrites,
  ) {}

  async handle({ userId }: UserDeletedEvent, job: JobContext): Promise<void> {
    // Each step is repeated until nothing is left, so a job that was interrupted goes on where it was.
    while ((await this.posts.deleteSomeOfAuthor(userId, MAX_ID, POSTS)) > 0) await job.saveProgress('posts');
    while ((await this.comments.removeOfAuthor(userId, ROWS)) > 0) await job.saveProgress('comments');
    while ((await this.likes.removeOfUser(userId, ROWS)) > 0) await job.saveProgress('likes');
    while ((await this.accounts.removeFollows(userId, ROWS)) > 0) await job.saveProgress('follows');
    while ((await this.requests.forget(userId, ROWS)) > 0) await job.saveProgress('requests');
    await this.accounts.purge(userId);
  }
}
