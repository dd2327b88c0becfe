import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { PostCountsWriter, type RecordedChanges } from '../post-counts/post-counts.writer.js';
import { AccountsWriter } from '../users/accounts.writer.js';
import type { LikeResponse } from './dto/like.response.js';
import { likedPostNotFound } from './likes.errors.js';
import { LikesRepository } from './likes.repository.js';

/** Writes of likes. Both calls are idempotent and answer with the count as it is after them. */
@Injectable()
export class LikesService {
  constructor(
    private readonly repository: LikesRepository,
    private readonly accounts: AccountsWriter,
    private readonly counts: PostCountsWriter,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `POST_NOT_FOUND` */
  async like(postId: Id, userId: Id): Promise<LikeResponse> {
    const recorded = await this.insert(postId, userId);
    return { liked: true, likeCount: (await this.counts.after(postId, recorded)).likes };
  }

  /** @throws AppError `POST_NOT_FOUND` */
  async unlike(postId: Id, userId: Id): Promise<LikeResponse> {
    const recorded = await this.remove(postId, userId);
    return { liked: false, likeCount: (await this.counts.after(postId, recorded)).likes };
  }

  /** @returns nothing when the user liked the post already */
  @Transactional()
  private async insert(postId: Id, userId: Id): Promise<RecordedChanges | undefined> {
    if (await this.repository.insert(postId, userId, this.clock.now())) {
      return this.counts.record([{ postId, likes: 1, comments: 0 }]);
    }
    await this.accounts.requireActive(userId);
    if (!(await this.repository.postExists(postId))) throw likedPostNotFound();
    return undefined;
  }

  /** @returns nothing when the user did not like the post */
  @Transactional()
  private async remove(postId: Id, userId: Id): Promise<RecordedChanges | undefined> {
    await this.accounts.requireActive(userId);
    // Asked by itself: all that a DELETE reads, it locks.
    if (!(await this.repository.postExists(postId))) throw likedPostNotFound();
    if (!(await this.repository.delete(postId, userId))) return undefined;
    return this.counts.record([{ postId, likes: -1, comments: 0 }]);
  }
}
