import { Repository } from '../database/repository.decorator.js';
import { TransactionHost } from '../database/transaction-host.js';

/** The one row: what is known of the masters of Redis, and which jobs are to be replayed. */
const ROW = '1';

export interface RedisWatchRow {
  /** Lives by node id. */
  masters: Record<string, string>;
  seenAt: Date;
  replayFrom: Date | null;
  replayUntil: Date | null;
}

/** Remembers the masters of Redis where no failover of Redis can lose it. */
@Repository()
export class RedisWatchRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async read(): Promise<RedisWatchRow | undefined> {
    const rows: RedisWatchRow[] = await this.transactions.manager.query(
      `SELECT masters, seen_at AS seenAt, replay_from AS replayFrom, replay_until AS replayUntil
         FROM redis_watch WHERE id = ?`,
      [ROW],
    );
    return rows[0];
  }

  /** The row, which is made if there is none, kept as it is until the transaction ends. */
  async lock(now: Date): Promise<RedisWatchRow> {
    const { manager } = this.transactions;
    await manager.query("INSERT IGNORE INTO redis_watch (id, masters, seen_at) VALUES (?, '{}', ?)", [ROW, now]);
    const rows: RedisWatchRow[] = await manager.query(
      `SELECT masters, seen_at AS seenAt, replay_from AS replayFrom, replay_until AS replayUntil
         FROM redis_watch WHERE id = ? FOR UPDATE`,
      [ROW],
    );
    return rows[0]!;
  }

  async save({ masters, seenAt, replayFrom, replayUntil }: RedisWatchRow): Promise<void> {
    await this.transactions.manager.query(
      'UPDATE redis_watch SET masters = ?, seen_at = ?, replay_from = ?, replay_until = ? WHERE id = ?',
      [JSON.stringify(masters), seenAt, replayFrom, replayUntil, ROW],
    );
  }

  /** Notes that a replay is done, unless it has been extended since. @returns whether it was noted */
  async finishReplay(until: Date): Promise<boolean> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'UPDATE redis_watch SET replay_from = NULL, replay_until = NULL WHERE id = ? AND replay_until = ?',
      [ROW, until],
    );
    return result.affectedRows === 1;
  }
}
