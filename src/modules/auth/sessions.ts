import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { refreshTokenInvalid, tokenReused } from './auth.errors.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';

const TOKEN_BYTES = 32;

type Rotation = { kind: 'rotated'; userId: Id; refreshToken: string } | { kind: 'invalid' } | { kind: 'reused' };

/** Sessions: families of refresh tokens that rotate on every use. */
@Injectable()
export class Sessions {
  constructor(
    private readonly repository: RefreshTokensRepository,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Begins a session. @returns its first refresh token */
  @Transactional()
  begin(userId: Id): Promise<string> {
    return this.addToken(userId, randomBytes(16));
  }

  /**
   * Spends a refresh token for the next one. A token that was spent before has been stolen, or its thief was faster:
   * the whole session ends.
   *
   * @throws AppError `UNAUTHENTICATED`, `TOKEN_REUSED`
   */
  async rotate(refreshToken: string): Promise<{ userId: Id; refreshToken: string }> {
    // The outcome is thrown after the commit: the end of a session must hold although the request fails.
    const outcome = await this.commitRotation(hashOf(refreshToken));
    if (outcome.kind === 'invalid') throw refreshTokenInvalid();
    if (outcome.kind === 'reused') throw tokenReused();
    return outcome;
  }

  /** Ends the session that a refresh token belongs to, if it is one of this user. */
  @Transactional()
  async end(userId: Id, refreshToken: string): Promise<void> {
    const stored = await this.repository.lock(hashOf(refreshToken));
    if (stored?.userId === userId) await this.repository.deleteFamily(stored.familyId);
  }

  @Transactional()
  private async commitRotation(tokenHash: Buffer): Promise<Rotation> {
    const stored = await this.repository.lock(tokenHash);
    if (!stored) return { kind: 'invalid' };
    if (stored.spentAt) {
      await this.repository.deleteFamily(stored.familyId);
      return { kind: 'reused' };
    }
    if (stored.expiresAt <= this.clock.now()) return { kind: 'invalid' };
    await this.repository.markSpent(tokenHash, this.clock.now());
    const refreshToken = await this.addToken(stored.userId, stored.familyId);
    return { kind: 'rotated', userId: stored.userId, refreshToken };
  }

  private async addToken(userId: Id, familyId: Buffer): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const now = this.clock.nowMs();
    await this.repository.insert({
      tokenHash: hashOf(token),
      familyId,
      userId,
      createdAt: new Date(now),
      expiresAt: new Date(now + this.config.auth.refreshTokenTtlMs),
    });
    return token;
  }
}

/** A plain digest is enough: the token is 256 random bits, which nobody can guess from it. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
