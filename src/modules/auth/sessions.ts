import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { AccountsWriter } from '../users/accounts.writer.js';
import { refreshTokenInvalid, tokenReused } from './auth.errors.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { RevocationsRepository } from './revocations.repository.js';
import { RevokedSessions } from './revoked-sessions.js';

const TOKEN_BYTES = 32;

/** A session and the refresh token that continues it. */
export interface Session {
  userId: Id;
  /** Hexadecimal; access tokens carry it. */
  sessionId: string;
  refreshToken: string;
}

type Rotation = { kind: 'rotated'; session: Session } | { kind: 'invalid' } | { kind: 'reused' };

/** Sessions: families of refresh tokens that rotate on every use. */
@Injectable()
export class Sessions {
  constructor(
    private readonly repository: RefreshTokensRepository,
    private readonly revocations: RevocationsRepository,
    private readonly accounts: AccountsWriter,
    private readonly revoked: RevokedSessions,
    private readonly transactions: TransactionHost,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  @Transactional()
  begin(userId: Id): Promise<Session> {
    return this.addToken(userId, randomBytes(16));
  }

  /**
   * Spends a refresh token for the next one. A token that was spent before has been stolen, or its thief was faster:
   * the whole session ends. There is no grace: of two uses at once, one wins and the other ends the session.
   *
   * @throws AppError `UNAUTHENTICATED`, `TOKEN_REUSED`
   */
  async rotate(refreshToken: string): Promise<Session> {
    // The outcome is thrown after the commit: the end of a session must hold although the request fails.
    const outcome = await this.commitRotation(hashOf(refreshToken));
    if (outcome.kind === 'invalid') throw refreshTokenInvalid();
    if (outcome.kind === 'reused') throw tokenReused();
    return outcome.session;
  }

  /** Ends the session that a refresh token belongs to, if it is one of this user. */
  @Transactional()
  async end(userId: Id, refreshToken: string): Promise<void> {
    const stored = await this.repository.lock(hashOf(refreshToken));
    if (stored?.userId === userId) await this.revoke(userId, [stored.familyId]);
  }

  /** Ends every session of a user but one. */
  @Transactional()
  async endOthers(userId: Id, keptSessionId: string): Promise<void> {
    const families = await this.repository.familiesOf(userId);
    await this.revoke(
      userId,
      families.filter((familyId) => familyId.toString('hex') !== keptSessionId),
    );
  }

  /** Ends every session of a user, and every access token with them. */
  @Transactional()
  async endAll(userId: Id): Promise<void> {
    await this.repository.deleteOfUser(userId);
    await this.revocations.insert(userId, [null], this.clock.now());
    this.transactions.afterCommit(() => this.revoked.add(userId, null));
  }

  @Transactional()
  private async commitRotation(tokenHash: Buffer): Promise<Rotation> {
    const stored = await this.repository.lock(tokenHash);
    if (!stored) return { kind: 'invalid' };
    if (stored.spentAt) {
      await this.revoke(stored.userId, [stored.familyId]);
      return { kind: 'reused' };
    }
    if (stored.expiresAt <= this.clock.now()) return { kind: 'invalid' };
    await this.accounts.requireActive(stored.userId);
    await this.repository.markSpent(tokenHash, this.clock.now());
    return { kind: 'rotated', session: await this.addToken(stored.userId, stored.familyId) };
  }

  private async revoke(userId: Id, familyIds: readonly Buffer[]): Promise<void> {
    for (const familyId of familyIds) await this.repository.deleteFamily(familyId);
    await this.revocations.insert(userId, familyIds, this.clock.now());
    this.transactions.afterCommit(() => {
      for (const familyId of familyIds) this.revoked.add(userId, familyId.toString('hex'));
    });
  }

  private async addToken(userId: Id, familyId: Buffer): Promise<Session> {
    const refreshToken = randomBytes(TOKEN_BYTES).toString('base64url');
    const now = this.clock.nowMs();
    await this.repository.insert({
      tokenHash: hashOf(refreshToken),
      familyId,
      userId,
      createdAt: new Date(now),
      expiresAt: new Date(now + this.config.auth.refreshTokenTtlMs),
    });
    return { userId, sessionId: familyId.toString('hex'), refreshToken };
  }
}

/** A plain digest is enough: the token is 256 random bits, which nobody can guess from it. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
