import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { Outbox } from '../../infrastructure/outbox/outbox.js';
import { FollowRemovalRepository } from './follow-removal.repository.js';
import { FOLLOWERS_REMOVED, type FollowersRemovedEvent } from './follows.events.js';

/** The door for the removal of deleted accounts. */
@Injectable()
export class FollowRemovalWriter {
  constructor(
    private readonly repository: FollowRemovalRepository,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Removes up to `limit` follows of each direction in one short transaction. The deletions of the posts look for present followers,
   * and may come later; so an event names those who were.
   *
   * @returns how many went
   */
  @Transactional()
  async removeSome(userId: Id, limit: number): Promise<number> {
    const given = await this.repository.deleteByFollower(userId, limit);
    const followerIds = await this.repository.deleteByFollowee(userId, limit);
    const event: FollowersRemovedEvent = { followerIds };
    if (followerIds.length > 0) await this.outbox.append(FOLLOWERS_REMOVED, event, 'bulk');
    return given + followerIds.length;
  }
}
