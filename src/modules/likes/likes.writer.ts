import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { LikesRepository } from './likes.repository.js';

/** The door for other modules that clear likes away; each call is one short transaction of at most `limit` rows. */
@Injectable()
export class LikesWriter {
  constructor(private readonly repository: LikesRepository) {}

  /** Likes of a post that is gone; its counts go with it. @returns how many went */
  @Transactional()
  removeOfPost(postId: Id, limit: number): Promise<number> {
    return this.repository.deleteOfPost(postId, limit);
  }

  /** Likes that a user gave, and their share in the counts. @returns how many went */
  @Transactional()
  async removeOfUser(userId: Id, limit: number): Promise<number> {
    const postIds = await this.repository.lockOfUser(userId, limit);
    if (postIds.length === 0) return 0;
    await this.repository.deleteOfUser(userId, postIds);
    await this.repository.decreaseCounts(postIds);
    return postIds.length;
  }
}
