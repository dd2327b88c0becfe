import type { Id } from '../../common/id.js';
import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';

export interface StoredIdempotencyKey {
  bodyHash: Buffer;
  /** `null` until the transaction that took the key commits, so nobody else ever sees it so. */
  response: string | null;
  createdAt: Date;
}

@Repository()
export class IdempotencyRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /**
   * Takes a key that is free and locks it, taken now or before, until the transaction ends. Another transaction that
   * holds it is waited for.
   *
   * Not an INSERT that may fail: its failure leaves a shared lock with each of those who wait, and they deadlock when
   * they all want the row for themselves.
   *
   * @returns the key as it is stored; without a response it is new
   */
  async take(userId: Id, scopeHash: Buffer, bodyHash: Buffer, now: Date): Promise<StoredIdempotencyKey> {
    await this.transactions.manager.query(
      `INSERT INTO idempotency_keys (user_id, scope_hash, body_hash, created_at) VALUES (?, ?, ?, ?)
       ON DUPLICATE KEY UPDATE user_id = user_id`,
      [userId, scopeHash, bodyHash, now],
    );
    const rows: StoredIdempotencyKey[] = await this.transactions.manager.query(
      `SELECT body_hash AS bodyHash, response, created_at AS createdAt
         FROM idempotency_keys WHERE user_id = ? AND scope_hash = ? FOR UPDATE`,
      [userId, scopeHash],
    );
    return rows[0]!;
  }

  async restart(userId: Id, scopeHash: Buffer, bodyHash: Buffer, now: Date): Promise<void> {
    await this.transactions.manager.query(
      'UPDATE idempotency_keys SET body_hash = ?, response = NULL, created_at = ? WHERE user_id = ? AND scope_hash = ?',
      [bodyHash, now, userId, scopeHash],
    );
  }

  /** @param response as text, which a JSON column keeps as it is: it reorders the fields of objects */
  async saveResponse(userId: Id, scopeHash: Buffer, response: string): Promise<void> {
    await this.transactions.manager.query(
      'UPDATE idempotency_keys SET response = ? WHERE user_id = ? AND scope_hash = ?',
      [JSON.stringify(response), userId, scopeHash],
    );
  }

  /** Deletes up to `limit` keys of a user. @returns how many went */
  async deleteOfUser(userId: Id, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'DELETE FROM idempotency_keys WHERE user_id = ? LIMIT ?',
      [userId, limit],
    );
    return result.affectedRows;
  }

  /** Deletes up to `limit` keys of before a moment. @returns how many went */
  async deleteOlder(before: Date, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'DELETE FROM idempotency_keys WHERE created_at < ? LIMIT ?',
      [before, limit],
    );
    return result.affectedRows;
  }
}
