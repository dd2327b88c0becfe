import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { Outbox } from '../../infrastructure/outbox/outbox.js';
import { FollowRemovalWriter } from '../follows/follow-removal.writer.js';
import { MediaViews } from '../media/media.views.js';
import { MediaWriter } from '../media/media.writer.js';
import { accountGone } from './users.errors.js';
import { USER_DELETED, type UserDeletedEvent } from './users.events.js';
import type { UserSummary } from './users.reader.js';
import { UsersRepository, type UserCredentials } from './users.repository.js';
import { presentSummary } from './users.views.js';

/** The door for other modules to what happens to an account after its registration. */
@Injectable()
export class AccountsWriter {
  constructor(
    private readonly repository: UsersRepository,
    private readonly follows: FollowRemovalWriter,
    private readonly media: MediaWriter,
    private readonly mediaViews: MediaViews,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes sure that who writes is still there, and stays there until the transaction ends: the deletion of an account
   * waits for its last writes, and finds them all when it clears away.
   *
   * @throws AppError `UNAUTHENTICATED`
   */
  @Transactional()
  async requireActive(id: Id): Promise<void> {
    if (!(await this.repository.lockShared(id))) throw accountGone();
  }

  /** The same, and what stands beside what they write. @throws AppError `UNAUTHENTICATED` */
  @Transactional()
  async requireAuthor(id: Id): Promise<UserSummary> {
    const user = await this.repository.lockSummary(id);
    if (!user) throw accountGone();
    return presentSummary(user, await this.mediaViews.urls([user.avatarKey]));
  }

  /** What proves who a user is, locked until the transaction ends. @throws AppError `UNAUTHENTICATED` */
  @Transactional()
  async lockCredentials(id: Id): Promise<UserCredentials> {
    const credentials = await this.repository.lockCredentials(id);
    if (!credentials) throw accountGone();
    return credentials;
  }

  /** Whether a live user still has this password; if so, until the transaction ends. */
  @Transactional()
  async keepCredentials({ id, passwordHash }: UserCredentials): Promise<boolean> {
    return (await this.repository.lockCredentials(id))?.passwordHash === passwordHash;
  }

  @Transactional()
  changePassword(id: Id, passwordHash: string): Promise<void> {
    return this.repository.updatePasswordHash(id, passwordHash);
  }

  /** The account is gone for everybody; its data follows in the background. */
  @Transactional()
  async markDeleted(id: Id): Promise<void> {
    await this.repository.markDeleted(id, this.clock.now());
    await this.outbox.append(USER_DELETED, { userId: id } satisfies UserDeletedEvent, 'bulk');
  }

  /** Removes up to `limit` follows from or to a deleted account. @returns how many went */
  removeFollows(id: Id, limit: number): Promise<number> {
    return this.follows.removeSome(id, limit);
  }

  /** Removes the last of a deleted account. */
  @Transactional()
  async purge(id: Id): Promise<void> {
    const avatarKey = await this.repository.purge(id);
    if (avatarKey !== null) await this.media.release(id, [avatarKey]);
  }
}
