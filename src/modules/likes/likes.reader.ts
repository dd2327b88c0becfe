import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { LikesRepository } from './likes.repository.js';

/** The door to likes for other modules. */
@Injectable()
export class LikesReader {
  constructor(private readonly repository: LikesRepository) {}

  /** Those of `postIds` that a user likes. */
  @Transactional({ readOnly: true })
  async likedAmong(userId: Id, postIds: readonly Id[]): Promise<Set<Id>> {
    return new Set(await this.repository.likedAmong(userId, postIds));
  }
}
