import type { Id } from '../../common/id.js';
import { duplicateKeyOf } from '../../infrastructure/database/mysql-errors.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { UserEntity } from './user.entity.js';
import { emailTaken, usernameTaken } from './users.errors.js';

export interface NewUser {
  username: string;
  email: string;
  passwordHash: string;
  displayName: string;
  createdAt: Date;
}

/** A user with their counts, as the driver gives these. Only the user may see `email`: views leave it out for everybody else. */
export interface UserProfile {
  id: Id;
  username: string;
  email: string;
  displayName: string;
  bio: string;
  avatarKey: string | null;
  createdAt: Date;
  postCount: number | string;
  followerCount: number | string;
  followingCount: number | string;
}

/** What proves who somebody is. */
export interface UserCredentials {
  id: Id;
  passwordHash: string;
}

/** What stands beside everything that a user wrote, as it is stored. */
export interface StoredSummary {
  id: Id;
  username: string;
  displayName: string;
  avatarKey: string | null;
}

/** The column holds ASCII only; MySQL refuses to compare it with anything else. */
const isUsername = (text: string): boolean => /^[a-z0-9_.]{1,30}$/.test(text);

const PROFILE_COLUMNS = `u.id, u.username, u.email, u.display_name AS displayName, u.bio, u.avatar_key AS avatarKey,
  u.created_at AS createdAt, COALESCE(c.post_count, 0) AS postCount, COALESCE(c.follower_count, 0) AS followerCount,
  COALESCE(c.following_count, 0) AS followingCount`;

@Repository()
export class UsersRepository {
  constructor(private readonly transactions: TransactionHost) {}

  /** @throws AppError `USERNAME_TAKEN` or `EMAIL_TAKEN` */
  async insert(user: NewUser): Promise<Id> {
    try {
      const result = await this.transactions.manager
        .createQueryBuilder()
        .insert()
        .into(UserEntity)
        .values(user)
        .updateEntity(false)
        .execute();
      return String((result.raw as { insertId: number | string }).insertId);
    } catch (error) {
      const key = duplicateKeyOf(error);
      if (key?.includes('username')) throw usernameTaken();
      if (key?.includes('email')) throw emailTaken();
      throw error;
    }
  }

  /** Profiles of the live users among `ids`, in no particular order. */
  profilesByIds(ids: readonly Id[]): Promise<UserProfile[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.transactions.manager.query(
      `SELECT ${PROFILE_COLUMNS} FROM users u LEFT JOIN user_counts c ON c.user_id = u.id
        WHERE u.id IN (?) AND u.deleted_at IS NULL`,
      [ids],
    );
  }

  /** Summaries of the live users among `ids`, in no particular order. */
  summariesByIds(ids: readonly Id[]): Promise<StoredSummary[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.transactions.manager.query(
      `SELECT id, username, display_name AS displayName, avatar_key AS avatarKey FROM users
        WHERE id IN (?) AND deleted_at IS NULL`,
      [ids],
    );
  }

  /** The live user with this username or this e-mail address, both lower-case. */
  async credentialsByLogin(login: string): Promise<UserCredentials | undefined> {
    const byEmail = login.includes('@');
    if (!byEmail && !isUsername(login)) return undefined;
    const column = byEmail ? 'email' : 'username';
    const rows: UserCredentials[] = await this.transactions.manager.query(
      `SELECT id, password_hash AS passwordHash FROM users WHERE ${column} = ? AND deleted_at IS NULL`,
      [login],
    );
    return rows[0];
  }

  async passwordHash(id: Id): Promise<string | undefined> {
    const rows: { passwordHash: string }[] = await this.transactions.manager.query(
      'SELECT password_hash AS passwordHash FROM users WHERE id = ? AND deleted_at IS NULL',
      [id],
    );
    return rows[0]?.passwordHash;
  }

  /** The password hash of a live user, kept as it is until the transaction ends. */
  async lockCredentials(id: Id): Promise<UserCredentials | undefined> {
    const rows: UserCredentials[] = await this.transactions.manager.query(
      'SELECT id, password_hash AS passwordHash FROM users WHERE id = ? AND deleted_at IS NULL FOR UPDATE',
      [id],
    );
    return rows[0];
  }

  /** Whether the user is there; keeps them there until the transaction ends. */
  async lockShared(id: Id): Promise<boolean> {
    const rows: unknown[] = await this.transactions.manager.query(
      'SELECT 1 FROM users WHERE id = ? AND deleted_at IS NULL FOR SHARE',
      [id],
    );
    return rows.length > 0;
  }

  /** What stands beside what a live user writes, kept as it is until the transaction ends. */
  async lockSummary(id: Id): Promise<StoredSummary | undefined> {
    const rows: StoredSummary[] = await this.transactions.manager.query(
      `SELECT id, username, display_name AS displayName, avatar_key AS avatarKey FROM users
        WHERE id = ? AND deleted_at IS NULL FOR SHARE`,
      [id],
    );
    return rows[0];
  }

  async idByUsername(username: string): Promise<Id | undefined> {
    if (!isUsername(username)) return undefined;
    const rows: { id: Id }[] = await this.transactions.manager.query(
      'SELECT id FROM users WHERE username = ? AND deleted_at IS NULL',
      [username],
    );
    return rows[0]?.id;
  }

  /** The key of a live user's avatar, or `null`, kept as it is until the transaction ends. */
  async lockAvatar(id: Id): Promise<string | null | undefined> {
    const rows: { avatarKey: string | null }[] = await this.transactions.manager.query(
      'SELECT avatar_key AS avatarKey FROM users WHERE id = ? AND deleted_at IS NULL FOR UPDATE',
      [id],
    );
    return rows[0]?.avatarKey;
  }

  async updateProfile(
    id: Id,
    changes: { displayName?: string; bio?: string; avatarKey?: string | null },
  ): Promise<void> {
    await this.transactions.manager.update(UserEntity, { id }, changes);
  }

  async updatePasswordHash(id: Id, passwordHash: string): Promise<void> {
    await this.transactions.manager.update(UserEntity, { id }, { passwordHash });
  }

  /** Hides an account from everybody and frees its username and address: `~` cannot be registered. */
  async markDeleted(id: Id, now: Date): Promise<void> {
    const name = `~${id}`;
    await this.transactions.manager.update(UserEntity, { id }, { deletedAt: now, username: name, email: name });
  }

  /** Removes the last of an account: its row and its counts. @returns the key of its avatar, if it had one */
  async purge(id: Id): Promise<string | null> {
    const rows: { avatarKey: string | null }[] = await this.transactions.manager.query(
      'SELECT avatar_key AS avatarKey FROM users WHERE id = ? FOR UPDATE',
      [id],
    );
    await this.transactions.manager.query('DELETE FROM user_counts WHERE user_id = ?', [id]);
    await this.transactions.manager.delete(UserEntity, { id });
    return rows[0]?.avatarKey ?? null;
  }
}
