import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { duplicateKeyOf } from '../database/mysql-errors.js';
import { TransactionHost } from '../database/transaction-host.js';

export interface StoredIdempotencyKey {
  bodyHash: Buffer;
  response: unknown;
  createdAt: Date;
}

@Injectable()
export class IdempotencyRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /**
   * Takes a key. Another transaction that holds it uncommitted is waited for.
   *
   * @returns whether the key was free
   */
  async insert(userId: Id, scopeHash: Buffer, bodyHash: Buffer, now: Date): Promise<boolean> {
    try {
      await this.transactions.manager.query(
        'INSERT INTO idempotency_keys (user_id, scope_hash, body_hash, created_at) VALUES (?, ?, ?, ?)',
        [userId, scopeHash, bodyHash, now],
      );
      return true;
    } catch (error) {
      if (duplicateKeyOf(error) === undefined) throw error;
      return false;
    }
  }

  async find(userId: Id, scopeHash: Buffer): Promise<StoredIdempotencyKey | undefined> {
    const rows: StoredIdempotencyKey[] = await this.transactions.manager.query(
      `SELECT body_hash AS bodyHash, response, created_at AS createdAt
         FROM idempotency_keys WHERE user_id = ? AND scope_hash = ? FOR UPDATE`,
      [userId, scopeHash],
    );
    return rows[0];
  }

  async restart(userId: Id, scopeHash: Buffer, bodyHash: Buffer, now: Date): Promise<void> {
    await this.transactions.manager.query(
      'UPDATE idempotency_keys SET body_hash = ?, response = NULL, created_at = ? WHERE user_id = ? AND scope_hash = ?',
      [bodyHash, now, userId, scopeHash],
    );
  }

  async saveResponse(userId: Id, scopeHash: Buffer, response: unknown): Promise<void> {
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
