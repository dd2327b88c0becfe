import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
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
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `POST_NOT_FOUND` */
  @Transactional()
  async like(postId: Id, userId: Id): Promise<LikeResponse> {
    await this.accounts.requireActive(userId);
    if (!(await this.repository.lockPost(postId))) throw likedPostNotFound();
    if (await this.repository.insert(postId, userId, this.clock.now())) await this.repository.increaseCount(postId);
    return { liked: true, likeCount: await this.repository.count(postId) };
  }

  /** @throws AppError `POST_NOT_FOUND` */
  @Transactional()
  async unlike(postId: Id, userId: Id): Promise<LikeResponse> {
    await this.accounts.requireActive(userId);
    if (!(await this.repository.lockPost(postId))) throw likedPostNotFound();
    if (await this.repository.delete(postId, userId)) await this.repository.decreaseCounts([postId]);
    return { liked: false, likeCount: await this.repository.count(postId) };
  }
}
