import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { RefreshTokenEntity } from './refresh-token.entity.js';

export interface NewRefreshToken {
  tokenHash: Buffer;
  familyId: Buffer;
  userId: Id;
  createdAt: Date;
  expiresAt: Date;
}

export interface StoredRefreshToken {
  familyId: Buffer;
  userId: Id;
  expiresAt: Date;
  spentAt: Date | null;
}

@Injectable()
export class RefreshTokensRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async insert(token: NewRefreshToken): Promise<void> {
    await this.transactions.manager.insert(RefreshTokenEntity, token);
  }

  /** Reads a token and keeps others from using it until the transaction ends: of two uses at once, one wins. */
  async lock(tokenHash: Buffer): Promise<StoredRefreshToken | undefined> {
    const rows: StoredRefreshToken[] = await this.transactions.manager.query(
      `SELECT family_id AS familyId, user_id AS userId, expires_at AS expiresAt, spent_at AS spentAt
         FROM refresh_tokens WHERE token_hash = ? FOR UPDATE`,
      [tokenHash],
    );
    return rows[0];
  }

  async markSpent(tokenHash: Buffer, now: Date): Promise<void> {
    await this.transactions.manager.update(RefreshTokenEntity, { tokenHash }, { spentAt: now });
  }

  /** Ends a session: none of its tokens is known any more. */
  async deleteFamily(familyId: Buffer): Promise<void> {
    await this.transactions.manager.delete(RefreshTokenEntity, { familyId });
  }
}
