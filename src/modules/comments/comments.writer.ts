import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { PostCountsWriter } from '../post-counts/post-counts.writer.js';
import { CommentsRepository } from './comments.repository.js';

/** The door for other modules that clear comments away; each call is one short transaction of at most `limit` rows. */
@Injectable()
export class CommentsWriter {
  constructor(
    private readonly repository: CommentsRepository,
    private readonly counts: PostCountsWriter,
  ) {}

  /** Comments of a post that is gone; its counts go with it. @returns how many went */
  @Transactional()
  removeOfPost(postId: Id, limit: number): Promise<number> {
    return this.repository.deleteOfPost(postId, limit);
  }

  /** Comments that a user wrote, and their share in the counts. @returns how many went */
  @Transactional()
  async removeOfAuthor(authorId: Id, limit: number): Promise<number> {
    const postIds = await this.repository.deleteOfAuthor(authorId, limit);
    await this.counts.record(postIds.map((postId) => ({ postId, likes: 0, comments: -1 })));
    return postIds.length;
  }
}
