import { Injectable, Optional } from '@nestjs/common';
import { compareIds, type Id } from '../../common/id.js';
import { OwnMemory } from '../../infrastructure/database/own-memory.js';
import { OwnWrites } from '../../infrastructure/database/own-writes.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { LikesRepository } from './likes.repository.js';

/** Readers whose likes a process remembers, and newest likes of each: 15 MB at most. */
const MAX_READERS = 2_000;
const MAX_LIKES = 100;

/** Likes of a reader: all of posts from `floor` on. */
interface NewestLikes {
  ids: ReadonlySet<Id>;
  floor: Id;
}

/** The door to likes for other modules. */
@Injectable()
export class LikesReader {
  private readonly memory: OwnMemory<NewestLikes>;

  constructor(
    private readonly repository: LikesRepository,
    private readonly transactions: TransactionHost,
    @Optional() ownWrites?: OwnWrites,
  ) {
    this.memory = new OwnMemory(MAX_READERS, ownWrites);
  }

  /** Those of `postIds` that a user likes. */
  async likedAmong(userId: Id, postIds: readonly Id[]): Promise<Set<Id>> {
    if (postIds.length === 0) return new Set();
    // What this transaction has written is not committed, and not to be remembered.
    if (this.transactions.isWriting) return this.askAmong(userId, postIds);
    const newest = await this.memory.of(userId, () => this.newest(userId));
    if (!newest) return this.askAmong(userId, postIds);
    const older = postIds.filter((id) => compareIds(id, newest.floor) < 0);
    const liked = older.length > 0 ? await this.askAmong(userId, older) : new Set<Id>();
    for (const id of postIds) if (newest.ids.has(id)) liked.add(id);
    return liked;
  }

  @Transactional({ readOnly: true })
  private async askAmong(userId: Id, postIds: readonly Id[]): Promise<Set<Id>> {
    return new Set(await this.repository.likedAmong(userId, postIds));
  }

  @Transactional({ readOnly: true })
  private async newest(userId: Id): Promise<NewestLikes> {
    const ids = await this.repository.newestLiked(userId, MAX_LIKES);
    return { ids: new Set(ids), floor: ids.length < MAX_LIKES ? '0' : ids.at(-1)! };
  }
}
