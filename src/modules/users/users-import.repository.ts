import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

export interface ImportedUser {
  username: string;
  email: string;
  passwordHash: string;
  displayName: string;
}

/** Statements over some thousand users at once. */
@Repository()
export class UsersImportRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Writes those whose username and e-mail address are both free, the others are skipped. @returns how many are new */
  async insertMissing(users: readonly ImportedUser[], now: Date): Promise<number> {
    const rows = users.map((user) => [user.username, user.email, user.passwordHash, user.displayName, now]);
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'INSERT IGNORE INTO users (username, email, password_hash, display_name, created_at) VALUES ?',
      [rows],
    );
    return result.affectedRows;
  }

  /** Ids of the users with these lower-case usernames, deleted ones included. */
  async idsByUsernames(usernames: readonly string[]): Promise<Map<string, Id>> {
    // A join, because thousands of names in an IN make the optimizer read the whole table.
    const rows: { id: Id; username: string }[] = await this.transactions.manager.query(
      `SELECT u.id, u.username
         FROM JSON_TABLE(?, '$[*]' COLUMNS (
                username VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) AS wanted
              STRAIGHT_JOIN users u ON u.username = wanted.username`,
      [JSON.stringify(usernames)],
    );
    return new Map(rows.map((row) => [row.username, row.id]));
  }
}
