import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { confirmedRows } from '../../infrastructure/database/confirmed-read.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { MediaViews } from '../media/media.views.js';
import { userNotFound } from './users.errors.js';
import { UsersRepository, type StoredSummary, type UserCredentials } from './users.repository.js';
import { presentSummary, type UserSummaryResponse } from './users.views.js';

export type { UserCredentials } from './users.repository.js';

/** What stands beside everything that a user wrote. */
export type UserSummary = UserSummaryResponse;

/** The door to users for other modules: batched reads. */
@Injectable()
export class UsersReader {
  constructor(
    private readonly repository: UsersRepository,
    private readonly media: MediaViews,
  ) {}

  /** Live users by id; who is missing is deleted or never was, as the primary knows it. */
  async summaries(ids: readonly Id[]): Promise<Map<Id, UserSummary>> {
    const users = await confirmedRows(
      ids,
      (some) => this.onReplica(some),
      (some) => this.onPrimary(some),
    );
    const urls = await this.media.urls([...users.values()].map(({ avatarKey }) => avatarKey));
    return new Map([...users].map(([id, user]) => [id, presentSummary(user, urls)]));
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

const byId = (users: StoredSummary[]): Map<Id, StoredSummary> => new Map(users.map((user) => [user.id, user]));
