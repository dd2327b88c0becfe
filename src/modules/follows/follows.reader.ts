import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { FollowsRepository } from './follows.repository.js';

/** The door to follows for other modules. */
@Injectable()
export class FollowsReader {
  constructor(private readonly repository: FollowsRepository) {}

  /** Those of `userIds` that the follower follows; may lag behind the primary. */
  @Transactional({ readOnly: true })
  async followedAmong(followerId: Id, userIds: readonly Id[]): Promise<Set<Id>> {
    return new Set(await this.repository.followedAmong(followerId, userIds));
  }

  /** The same, as the primary knows it now. */
  @Transactional({ readOnly: true, fresh: true, certain: true })
  async followedAmongNow(followerId: Id, userIds: readonly Id[]): Promise<Set<Id>> {
    return new Set(await this.repository.followedAmong(followerId, userIds));
  }

  /** The next followers of a user by id; may lag behind the primary. */
  @Transactional({ readOnly: true })
  followersAfter(followeeId: Id, afterId: Id, limit: number): Promise<Id[]> {
    return this.repository.followersAfter(followeeId, afterId, limit);
  }

  /** The next of whom a user follows by id; may lag behind the primary. */
  @Transactional({ readOnly: true })
  followeesAfter(followerId: Id, afterId: Id, limit: number): Promise<Id[]> {
    return this.repository.followeesAfter(followerId, afterId, limit);
  }

  /** The next followers of a user by id, as the primary knows them now; for walks with a cursor. */
  @Transactional({ readOnly: true, fresh: true, certain: true })
  followersAfterNow(followeeId: Id, afterFollowerId: Id, limit: number): Promise<Id[]> {
    return this.repository.followersAfter(followeeId, afterFollowerId, limit);
  }
}
