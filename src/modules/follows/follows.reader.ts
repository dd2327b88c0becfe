import { Injectable, Optional } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { OwnMemory } from '../../infrastructure/database/own-memory.js';
import { OwnWrites } from '../../infrastructure/database/own-writes.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { FollowsRepository } from './follows.repository.js';

/** Readers of whom a process remembers whom they follow, and how many of each: 30 MB at most, and mostly far less. */
const MAX_READERS = 2_000;
const MAX_FOLLOWEES = 200;

/** The door to follows for other modules. */
@Injectable()
export class FollowsReader {
  private readonly memory: OwnMemory<ReadonlySet<Id>>;

  constructor(
    private readonly repository: FollowsRepository,
    private readonly transactions: TransactionHost,
    @Optional() ownWrites?: OwnWrites,
  ) {
    this.memory = new OwnMemory(MAX_READERS, ownWrites);
  }

  /** Those of `userIds` that the follower follows; may lag behind the primary, but not behind the follower. */
  @Transactional({ readOnly: true })
  async followedAmong(followerId: Id, userIds: readonly Id[]): Promise<Set<Id>> {
    return new Set(await this.repository.followedAmong(followerId, userIds));
  }

  /**
   * The same for a follower who asks again and again about mostly the same users: from memory first.
   *
   * Only that somebody is followed is believed of it: an import makes follows that no follower wrote.
   */
  async followedAmongUsual(followerId: Id, userIds: readonly Id[]): Promise<Set<Id>> {
    const followees = userIds.length > 0 ? await this.remembered(followerId) : undefined;
    const doubtful = userIds.filter((id) => !followees?.has(id));
    const followed = doubtful.length > 0 ? await this.followedAmong(followerId, doubtful) : new Set<Id>();
    for (const id of userIds) if (followees?.has(id)) followed.add(id);
    return followed;
  }

  /** Whether a follower may follow one of `userIds`; what an import has written may be noticed only when the memory ends, after 45 s. */
  async mayFollowAny(followerId: Id, userIds: readonly Id[]): Promise<boolean> {
    const followees = await this.remembered(followerId);
    const isComplete = followees !== undefined && followees.size < MAX_FOLLOWEES;
    return !isComplete || userIds.some((id) => followees.has(id));
  }

  private async remembered(followerId: Id): Promise<ReadonlySet<Id> | undefined> {
    if (this.transactions.isWriting) return undefined; // what is not committed is not to be remembered
    return this.memory.of(followerId, async () => {
      return new Set(await this.followeesAfter(followerId, '0', MAX_FOLLOWEES));
    });
  }

  /** Those of `userIds` that the follower follows, as the primary knows it now. */
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
