import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import type { Revocation } from './revocation.js';

@Repository()
export class RevocationsRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async insert(userId: Id, familyIds: readonly (Buffer | null)[], now: Date): Promise<void> {
    if (familyIds.length === 0) return;
    const rows = familyIds.map((familyId) => [userId, familyId, now]);
    await this.transactions.manager.query('INSERT INTO session_revocations (user_id, family_id, created_at) VALUES ?', [
      rows,
    ]);
  }

  async since(moment: Date): Promise<Revocation[]> {
    const rows: { userId: Id; familyId: Buffer | null; createdAt: Date }[] = await this.transactions.manager.query(
      `SELECT user_id AS userId, family_id AS familyId, created_at AS createdAt
         FROM session_revocations WHERE created_at >= ?`,
      [moment],
    );
    return rows.map(({ userId, familyId, createdAt }) => ({
      userId,
      sessionId: familyId?.toString('hex') ?? null,
      createdAt,
    }));
  }

  /** Deletes up to `limit` of before a moment. @returns how many went */
  async deleteOlder(before: Date, limit: number): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'DELETE FROM session_revocations WHERE created_at < ? LIMIT ?',
      [before, limit],
    );
    return result.affectedRows;
  }
}
