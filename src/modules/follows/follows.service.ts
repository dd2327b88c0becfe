import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { compareIds, type Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { Outbox } from '../../infrastructure/outbox/outbox.js';
import { cannotFollowSelf, followeeNotFound, followerGone } from './follows.errors.js';
import { FOLLOW_CREATED, FOLLOW_REMOVED, type FollowEvent } from './follows.events.js';
import { FollowsRepository } from './follows.repository.js';

/** Writes of follows. Both calls are idempotent. */
@Injectable()
export class FollowsService {
  constructor(
    private readonly repository: FollowsRepository,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `CANNOT_FOLLOW_SELF`, `USER_NOT_FOUND` */
  @Transactional()
  async follow(followerId: Id, followeeId: Id): Promise<void> {
    if (followerId === followeeId) throw cannotFollowSelf();
    await this.lockBoth(followerId, followeeId);
    if (!(await this.repository.insert(followerId, followeeId, this.clock.now()))) return;
    await this.repository.changeCounts(followerId, followeeId, 1);
    await this.outbox.append(FOLLOW_CREATED, { followerId, followeeId } satisfies FollowEvent);
  }

  /** @throws AppError `CANNOT_FOLLOW_SELF`, `USER_NOT_FOUND` */
  @Transactional()
  async unfollow(followerId: Id, followeeId: Id): Promise<void> {
    if (followerId === followeeId) throw cannotFollowSelf();
    await this.lockBoth(followerId, followeeId);
    if (!(await this.repository.delete(followerId, followeeId))) return;
    await this.repository.changeCounts(followerId, followeeId, -1);
    await this.outbox.append(FOLLOW_REMOVED, { followerId, followeeId } satisfies FollowEvent);
  }

  /** Neither account can be deleted before this is committed, so the removal of its follows finds this one too. */
  private async lockBoth(followerId: Id, followeeId: Id): Promise<void> {
    const live = await this.repository.lockUsers([followerId, followeeId].sort(compareIds));
    if (!live.has(followerId)) throw followerGone();
    if (!live.has(followeeId)) throw followeeNotFound();
  }
}
