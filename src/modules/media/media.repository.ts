import type { Id } from '../../common/id.js';
import type { MediaType } from '../../common/media-types.js';
import { Repository } from '../../infrastructure/database/repository.decorator.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';

/** An object that nothing shows, and when it is removed. */
export interface UnshownObject {
  ownerId: Id;
  key: string;
  /** The multipart upload that makes it, if one does; it is given up when the object is due. */
  multipart: string | null;
}

/** What a client was promised to be able to upload. */
export interface Upload extends UnshownObject {
  contentType: MediaType;
  bytes: number;
  usedAt: Date | null;
}

/** A new row: an upload says what it is to be, a copy does not. */
export interface NewObject extends UnshownObject {
  contentType: MediaType | null;
  bytes: number | null;
}

/** Objects of the store that nothing shows: uploads, copies that are not attached yet, and what was shown once. */
@Repository()
export class MediaRepository {
  constructor(private readonly transactions: TransactionHost) {}

  async insert(objects: readonly NewObject[], dueAt: Date): Promise<void> {
    await this.transactions.manager.query(
      'INSERT INTO media_objects (owner_id, object_key, content_type, bytes, multipart, due_at) VALUES ?',
      [
        objects.map(({ ownerId, key, contentType, bytes, multipart }) => [
          ownerId,
          key,
          contentType,
          bytes,
          multipart,
          dueAt,
        ]),
      ],
    );
  }

  /** Makes everybody else who counts uploads of a user, to add to them, wait until the transaction ends. */
  async lockOwner(ownerId: Id): Promise<void> {
    await this.transactions.manager.query('SELECT 1 FROM users WHERE id = ? FOR UPDATE', [ownerId]);
  }

  /** How many uploads a user has asked for that are not cleared away yet. */
  async countUploads(ownerId: Id): Promise<number> {
    const rows: { count: number | string }[] = await this.transactions.manager.query(
      'SELECT COUNT(bytes) AS count FROM media_objects WHERE owner_id = ?',
      [ownerId],
    );
    return Number(rows[0]!.count);
  }

  /** Those of `keys` that were promised to a user and are not due to be removed, in no particular order. */
  async uploads(ownerId: Id, keys: readonly string[], now: Date): Promise<Upload[]> {
    const rows: (Omit<Upload, 'bytes'> & { bytes: number | string })[] = await this.transactions.manager.query(
      `SELECT owner_id AS ownerId, object_key AS \`key\`, content_type AS contentType, bytes, multipart, used_at AS usedAt
         FROM media_objects WHERE owner_id = ? AND object_key IN (?) AND bytes IS NOT NULL AND due_at > ?`,
      [ownerId, keys, now],
    );
    return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
  }

  /** Uses uploads up, those of `keys` that are not used or due. @returns how many */
  async use(ownerId: Id, keys: readonly string[], now: Date): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      `UPDATE media_objects SET used_at = ?
        WHERE owner_id = ? AND object_key IN (?) AND used_at IS NULL AND due_at > ?`,
      [now, ownerId, keys, now],
    );
    return result.affectedRows;
  }

  /** Forgets objects that something shows from now on, if they are due after a moment. @returns how many */
  async show(ownerId: Id, keys: readonly string[], after: Date): Promise<number> {
    const result: { affectedRows: number } = await this.transactions.manager.query(
      'DELETE FROM media_objects WHERE owner_id = ? AND object_key IN (?) AND due_at > ?',
      [ownerId, keys, after],
    );
    return result.affectedRows;
  }

  /** Objects that are due to be removed, the longest due first. */
  due(now: Date, limit: number): Promise<UnshownObject[]> {
    return this.transactions.manager.query(
      `SELECT owner_id AS ownerId, object_key AS \`key\`, multipart
         FROM media_objects WHERE due_at <= ? ORDER BY due_at LIMIT ?`,
      [now, limit],
    );
  }

  /** Forgets objects that are not in the store any more. Keys are unique, so the owners only say where to look. */
  async forget(objects: readonly UnshownObject[]): Promise<void> {
    await this.transactions.manager.query('DELETE FROM media_objects WHERE owner_id IN (?) AND object_key IN (?)', [
      objects.map(({ ownerId }) => ownerId),
      objects.map(({ key }) => key),
    ]);
  }

  async postpone(objects: readonly UnshownObject[], dueAt: Date): Promise<void> {
    await this.transactions.manager.query(
      'UPDATE media_objects SET due_at = ? WHERE owner_id IN (?) AND object_key IN (?)',
      [dueAt, objects.map(({ ownerId }) => ownerId), objects.map(({ key }) => key)],
    );
  }
}
