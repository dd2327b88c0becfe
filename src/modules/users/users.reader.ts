import { Injectable, Optional } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { ShortMemory } from '../../common/short-memory.js';
import { confirmedRows } from '../../infrastructure/database/confirmed-read.js';
import { OwnWrites } from '../../infrastructure/database/own-writes.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { MediaViews } from '../media/media.views.js';
import { userNotFound } from './users.errors.js';
import { UsersRepository, type StoredSummary, type UserCredentials } from './users.repository.js';
import { presentSummary, type UserSummaryResponse } from './users.views.js';

export type { UserCredentials } from './users.repository.js';

/** What stands beside everything that a user wrote. */
export type UserSummary = UserSummaryResponse;

/**
 * How long a process shows what it has read of a user without asking again. What must be gone at once waits as long
 * before it is said to be done: the deletion of an account.
 */
export const SUMMARY_MEMORY_MS = 500;
/** Users whom a process remembers, at some 500 bytes each. */
const MAX_SUMMARIES = 20_000;

/** The door to users for other modules: batched reads. */
@Injectable()
export class UsersReader {
  private readonly memory = new ShortMemory<Id, StoredSummary>(MAX_SUMMARIES, SUMMARY_MEMORY_MS);

  constructor(
    private readonly repository: UsersRepository,
    private readonly media: MediaViews,
    private readonly transactions: TransactionHost,
    @Optional() private readonly ownWrites?: OwnWrites,
  ) {}

  /** Live users by id; who is missing is deleted or never was, as the primary knows it. Others' changes may take half a second. */
  async summaries(ids: readonly Id[]): Promise<Map<Id, UserSummary>> {
    const users = await this.stored(ids);
    const urls = await this.media.urls([...users.values()].map(({ avatarKey }) => avatarKey));
    return new Map([...users].map(([id, user]) => [id, presentSummary(user, urls)]));
  }

  private async stored(ids: readonly Id[]): Promise<Map<Id, StoredSummary>> {
    // Who has just written, perhaps about themself, must see it; and what is not committed must not be remembered.
    if (this.transactions.isWriting || (await this.ownWrites?.hasWritten())) return this.read(ids);
    const known = ids.map((id) => this.memory.get(id)).filter((user) => user !== undefined);
    if (known.length === ids.length) return byId(known);
    // All of them, so that those who stand together are next asked together: one statement costs what it costs.
    const askedMs = performance.now();
    const users = await this.read(ids);
    for (const [id, user] of users) this.memory.set(id, user, askedMs);
    return users;
  }

  private read(ids: readonly Id[]): Promise<Map<Id, StoredSummary>> {
    return confirmedRows(
      ids,
      (some) => this.onReplica(some),
      (some) => this.onPrimary(some),
    );
  }

  /** @throws AppError `USER_NOT_FOUND` */
  async requireUser(id: Id): Promise<void> {
    if (!(await this.summaries([id])).has(id)) throw userNotFound();
  }

  /** Reads the primary: a replica may not know yet who has just registered or changed the password. */
  @Transactional({ readOnly: true, fresh: true })
  credentials(login: string): Promise<UserCredentials | undefined> {
    return this.repository.credentialsByLogin(login);
  }

  /** The password hash of a live user, as the primary knows it now. */
  @Transactional({ readOnly: true, fresh: true })
  passwordHash(id: Id): Promise<string | undefined> {
    return this.repository.passwordHash(id);
  }

  @Transactional({ readOnly: true })
  private async onReplica(ids: readonly Id[]): Promise<Map<Id, StoredSummary>> {
    return byId(await this.repository.summariesByIds(ids));
  }

  @Transactional({ readOnly: true, fresh: true })
  private async onPrimary(ids: readonly Id[]): Promise<Map<Id, StoredSummary>> {
    return byId(await this.repository.summariesByIds(ids));
  }
}

const byId = (users: readonly StoredSummary[]): Map<Id, StoredSummary> => new Map(users.map((user) => [user.id, user]));
