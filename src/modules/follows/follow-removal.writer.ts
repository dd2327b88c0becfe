import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { FollowRemovalRepository } from './follow-removal.repository.js';

/** The door for the removal of deleted accounts. */
@Injectable()
export class FollowRemovalWriter {
  constructor(private readonly repository: FollowRemovalRepository) {}

  /** Removes up to `limit` follows of each direction in one short transaction. @returns how many went */
  @Transactional()
  async removeSome(userId: Id, limit: number): Promise<number> {
    const given = await this.repository.deleteByFollower(userId, limit);
    return given + (await this.repository.deleteByFollowee(userId, limit));
  }
}
