import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { UsersImportRepository, type ImportedUser } from './users-import.repository.js';

export type { ImportedUser } from './users-import.repository.js';

/** The door for imports of many users at once. */
@Injectable()
export class UsersImportWriter {
  constructor(
    private readonly repository: UsersImportRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates those of many users whose usernames are free; the others stay as they are. One whose username is free
   * but whose e-mail address is not is left out of the answer.
   *
   * @returns the ids by username, deleted users included, and how many users are new
   */
  @Transactional()
  async createMissing(users: readonly ImportedUser[]): Promise<{ idsByUsername: Map<string, Id>; created: number }> {
    const idsByUsername = await this.repository.idsByUsernames(users.map(({ username }) => username));
    const missing = users.filter(({ username }) => !idsByUsername.has(username));
    if (missing.length === 0) return { idsByUsername, created: 0 };
    const created = await this.repository.insertMissing(missing, this.clock.now());
    const added = await this.repository.idsByUsernames(missing.map(({ username }) => username));
    return { idsByUsername: new Map([...idsByUsername, ...added]), created };
  }
}
