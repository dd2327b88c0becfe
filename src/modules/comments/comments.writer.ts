import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { CommentsRepository } from './comments.repository.js';

/** The door for other modules that clear comments away; each call is one short transaction of at most `limit` rows. */
@Injectable()
export class CommentsWriter {
  constructor(private readonly repository: CommentsRepository) {}

  /** Comments of a post that is gone; its counts go with it. @returns how many went */
  @Transactional()
  removeOfPost(postId: Id, limit: number): Promise<number> {
    return this.repository.deleteOfPost(postId, limit);
  }

  /** Comments that a user wrote, and their share in the counts. @returns how many went */
  @Transactional()
  removeOfAuthor(authorId: Id, limit: number): Promise<number> {
    return this.repository.deleteOfAuthor(authorId, limit);
  }
}
