import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import type { Principal } from '../../infrastructure/http/current-user.decorator.js';
import { PasswordHasher } from '../../infrastructure/passwords/password-hasher.js';
import { AccountsWriter } from '../users/accounts.writer.js';
import { SUMMARY_MEMORY_MS, UsersReader } from '../users/users.reader.js';
import { invalidCredentials } from './auth.errors.js';
import { LoginLimits } from './login-limits.js';
import { Sessions } from './sessions.js';

/** What users do to their own account; each act asks for the password again. */
@Injectable()
export class AccountService {
  constructor(
    private readonly accounts: AccountsWriter,
    private readonly reader: UsersReader,
    private readonly passwords: PasswordHasher,
    private readonly sessions: Sessions,
    private readonly limits: LoginLimits,
  ) {}

  /** Ends every other session. @throws AppError `INVALID_CREDENTIALS`, `RATE_LIMITED`, `SERVER_BUSY` */
  async changePassword(principal: Principal, current: string, next: string, address: string): Promise<void> {
    const checkedHash = await this.check(principal.userId, current, address);
    const nextHash = await this.passwords.hash(next);
    await this.commitPassword(principal, checkedHash, nextHash);
  }

  /** The account is gone at once; its data follows. @throws AppError `INVALID_CREDENTIALS`, `RATE_LIMITED`, `SERVER_BUSY` */
  async delete(userId: Id, password: string, address: string): Promise<void> {
    await this.commitDeletion(userId, await this.check(userId, password, address));
    // Every process has forgotten by then what it had read of the account before, unless from a replica that lags.
    await delay(SUMMARY_MEMORY_MS);
  }

  /** @returns the hash that the password was checked against */
  private async check(userId: Id, password: string, address: string): Promise<string> {
    const attempt = await this.limits.beforeLogin(`user:${userId}`, address);
    const passwordHash = await this.reader.passwordHash(userId);
    const matches = await attempt.check(() => this.passwords.verify(password, passwordHash));
    if (!matches) throw invalidCredentials();
    await attempt.succeeded();
    return passwordHash!;
  }

  @Transactional()
  private async commitPassword(principal: Principal, checkedHash: string, nextHash: string): Promise<void> {
    await this.requireUnchanged(principal.userId, checkedHash);
    await this.accounts.changePassword(principal.userId, nextHash);
    await this.sessions.endOthers(principal.userId, principal.sessionId);
  }

  @Transactional({ everywhere: true })
  private async commitDeletion(userId: Id, checkedHash: string): Promise<void> {
    await this.requireUnchanged(userId, checkedHash);
    await this.accounts.markDeleted(userId);
    await this.sessions.endAll(userId);
  }

  /** Hashing is slow and holds no lock: the password may have changed since it was checked. */
  private async requireUnchanged(userId: Id, checkedHash: string): Promise<void> {
    const { passwordHash } = await this.accounts.lockCredentials(userId);
    if (passwordHash !== checkedHash) throw invalidCredentials();
  }
}
