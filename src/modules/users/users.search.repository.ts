import type { Id } from '../../common/id.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

/** Where a search stands: in the order of usernames, or of display names. */
export interface UsernameMatch {
  id: Id;
  username: string;
}
export interface DisplayNameMatch {
  id: Id;
  displayName: string;
}

/** A pattern that matches texts beginning with `prefix`, whatever characters it has. `|` escapes. */
const startingWith = (prefix: string): string => `${prefix.replace(/[|%_]/g, '|$&')}%`;

/** Prefix searches; each walks one index in its own order, so the cost is that of the rows returned. */
@Repository()
export class UsersSearchRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** Live users whose username begins with `prefix`, in the order of usernames, after the one given. */
  byUsername(prefix: string, after: string, limit: number): Promise<UsernameMatch[]> {
    return this.transactions.manager.query(
      `SELECT id, username FROM users
        WHERE username LIKE ? ESCAPE '|' AND username > ? AND deleted_at IS NULL
        ORDER BY username LIMIT ?`,
      [startingWith(prefix), after, limit],
    );
  }

  /**
   * Live users whose display name begins with `prefix`, letter case and accents aside, in the order of display names
   * and ids, after the one given.
   *
   * @param except beginning of the usernames that are left out, in ASCII; empty: none
   */
  byDisplayName(prefix: string, except: string, after: DisplayNameMatch, limit: number): Promise<DisplayNameMatch[]> {
    return this.transactions.manager.query(
      `SELECT id, display_name AS displayName FROM users
        WHERE display_name LIKE ? ESCAPE '|' AND display_name >= ? AND (display_name > ? OR id > ?)
          AND username NOT LIKE ? ESCAPE '|' AND deleted_at IS NULL
        ORDER BY display_name, id LIMIT ?`,
      [
        startingWith(prefix),
        after.displayName,
        after.displayName,
        after.id,
        except === '' ? '' : startingWith(except),
        limit,
      ],
    );
  }
}
