import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { PostCountsWriter } from '../post-counts/post-counts.writer.js';
import { LikesRepository } from './likes.repository.js';

/** The door for other modules that clear likes away; each call is one short transaction of at most `limit` rows. */
@Injectable()
export class LikesWriter {
  constructor(
    private readonly repository: LikesRepository,
    private readonly counts: PostCountsWriter,
  ) {}

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
    await this.counts.record(postIds.map((postId) => ({ postId, likes: -1, comments: 0 })));
    return postIds.length;
  }
}
