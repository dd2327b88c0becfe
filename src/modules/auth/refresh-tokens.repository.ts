import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
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

@Repository()
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
  deleteFamily(familyId: Buffer): Promise<void> {
    return this.deleteAll({ familyId });
  }

  /** The sessions of a user, kept as they are until the transaction ends. */
  async familiesOf(userId: Id): Promise<Buffer[]> {
    const rows: { familyId: Buffer }[] = await this.transactions.manager.query(
      'SELECT family_id AS familyId FROM refresh_tokens WHERE user_id = ? FOR UPDATE',
      [userId],
    );
    return [...new Map(rows.map(({ familyId }) => [familyId.toString('hex'), familyId])).values()];
  }

  deleteOfUser(userId: Id): Promise<void> {
    return this.deleteAll({ userId });
  }

  /** Deletes up to `limit` tokens that expired before a moment. @returns how many went */
  async deleteExpired(before: Date, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'DELETE FROM refresh_tokens WHERE expires_at < ? LIMIT ?',
      [before, limit],
    );
    return result.affectedRows;
  }

  /**
   * Deletes until nothing is left: while a DELETE waits for a token that is being refreshed, its successor is inserted
   * behind the place where the DELETE has been already.
   */
  private async deleteAll(which: { familyId: Buffer } | { userId: Id }): Promise<void> {
    for (;;) {
      const { affected } = await this.transactions.manager.delete(RefreshTokenEntity, which);
      if (!affected) return;
    }
  }
}
