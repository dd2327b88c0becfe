import { Injectable } from '@nestjs/common';
import { batches } from '../../common/batches.js';
import { Clock } from '../../common/clock.js';
import { compareIds, type Id } from '../../common/id.js';
import { duplicateKeyOf, isTransactionConflict } from '../../infrastructure/database/mysql-errors.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { Outbox } from '../../infrastructure/outbox/outbox.js';
import { FOLLOWS_IMPORTED, type FollowsImportedEvent } from './follows.events.js';
import { FollowsImportRepository, type CountAddition, type Follow } from './follows-import.repository.js';
import { FollowsRepository } from './follows.repository.js';

export type { Follow } from './follows-import.repository.js';

/** Feeds that one event drops: few enough for one job to finish well within its lease. */
const FOLLOWERS_PER_EVENT = 1_000;
/** Tries of a batch while others write the same follows. Each finds what the winner wrote, so even two equal imports end. */
const MAX_TRIES = 10;

export interface ImportResult {
  created: number;
  /** Follows that are not there because one of the two users is deleted. */
  refused: number;
  /** Whose follows changed, each once. */
  followerIds: Id[];
}

/** The door for imports of many follows at once. */
@Injectable()
export class FollowsImportWriter {
  constructor(
    private readonly repository: FollowsImportRepository,
    private readonly follows: FollowsRepository,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes those of some thousand follows that do not exist, in a transaction of its own. Idempotent, and safe beside
   * users who follow and unfollow meanwhile and beside other imports.
   *
   * @param follows each pair once, nobody following themself
   */
  async importMany(follows: readonly Follow[]): Promise<ImportResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.importOnce(follows);
      } catch (error) {
        const lostRace = duplicateKeyOf(error) !== undefined || isTransactionConflict(error);
        if (!lostRace || attempt === MAX_TRIES) throw error;
      }
    }
  }

  /** The order of locks is that of a single follow (users, follows, counts), and rows go in the order of their keys. */
  @Transactional()
  private async importOnce(follows: readonly Follow[]): Promise<ImportResult> {
    const userIds = new Set(follows.flatMap(({ followerId, followeeId }) => [followerId, followeeId]));
    const live = await this.follows.lockUsers([...userIds].sort(compareIds));
    const allowed = follows
      .filter(({ followerId, followeeId }) => live.has(followerId) && live.has(followeeId))
      .sort(compareFollows);
    const existing = new Set((await this.repository.existingAmong(allowed)).map(keyOf));
    const missing = allowed.filter((follow) => !existing.has(keyOf(follow)));
    const followerIds = [...new Set(missing.map(({ followerId }) => followerId))];
    const result = { created: missing.length, refused: follows.length - allowed.length, followerIds };
    if (missing.length === 0) return result;

    // What somebody else has written since the reading is a duplicate here, and the batch begins anew.
    await this.repository.insertAll(missing, this.clock.now());
    await this.repository.addCounts(countAdditions(missing));
    for (const part of batches(followerIds, FOLLOWERS_PER_EVENT)) {
      await this.outbox.append(FOLLOWS_IMPORTED, { followerIds: part } satisfies FollowsImportedEvent, 'bulk');
    }
    return result;
  }
}

const keyOf = ({ followerId, followeeId }: Follow): string => `${followeeId}:${followerId}`;

/** The order of the primary key. */
const compareFollows = (a: Follow, b: Follow): number =>
  compareIds(a.followeeId, b.followeeId) || compareIds(a.followerId, b.followerId);

function countAdditions(follows: readonly Follow[]): Map<Id, CountAddition> {
  const additions = new Map<Id, CountAddition>();
  const of = (userId: Id): CountAddition => {
    let addition = additions.get(userId);
    if (!addition) additions.set(userId, (addition = { followers: 0, following: 0 }));
    return addition;
  };
  for (const { followerId, followeeId } of follows) {
    of(followerId).following++;
    of(followeeId).followers++;
  }
  return additions;
}
