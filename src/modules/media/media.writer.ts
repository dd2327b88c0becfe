import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { factsOf, type MediaKind, type MediaType } from '../../common/media-types.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { storageUnavailable } from '../../infrastructure/storage/storage-errors.js';
import { ownerOfUpload } from './media-keys.js';
import { MediaPublication, type Copy } from './media-publication.js';
import { attachedTooLate, mediaRefused, type RefusedMedium, type Refusal } from './media.errors.js';
import { MediaMetrics } from './media.metrics.js';
import { MediaRepository, type Upload } from './media.repository.js';

/** Between the look whether a copy is still kept and the commit; a process that is frozen for longer loses its connection. */
const COMMIT_WITHIN_MS = 300_000;

/** A medium that something shows. */
export interface Medium {
  /** Of the object in the store; its address comes from `MediaViews`. */
  key: string;
  contentType: MediaType;
}

/** What a request names, and how. */
export interface NamedMedia {
  /** Keys of uploads, in the order in which they are shown. */
  keys: readonly string[];
  /** The field that names a key, for errors. */
  fieldOf: (key: string) => string;
  /** The only kind that is allowed; both if it is left out. */
  only?: MediaKind;
}

/** Uploads that were made ready, for {@link MediaWriter.attach}. */
export interface PreparedMedia {
  userId: Id;
  copies: Copy[];
  /** Why they cannot be attached. */
  failure?: unknown;
  fieldOf: NamedMedia['fieldOf'];
}

/** The door for other modules to uploads: attaching them, and letting go of what is shown no more. */
@Injectable()
export class MediaWriter {
  constructor(
    private readonly publication: MediaPublication,
    private readonly repository: MediaRepository,
    private readonly metrics: MediaMetrics,
    private readonly transactions: TransactionHost,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks uploads of a user and copies them to where no client can write. To be called before the transaction that
   * attaches them begins: it takes the store as long as it takes.
   *
   * Never throws, {@link attach} does: a repeated request is answered as before, although nothing is there to attach.
   */
  async prepare(userId: Id, { keys, fieldOf, only }: NamedMedia): Promise<PreparedMedia> {
    const nothing = { userId, copies: [], fieldOf };
    if (keys.length === 0) return nothing;
    try {
      const { uploads, refused } = await this.find(userId, keys, only);
      const published = refused.length > 0 ? { copies: [], refused } : await this.publication.publish(uploads);
      if (published.refused.length === 0) return { userId, copies: published.copies, fieldOf };
      return { ...nothing, failure: this.refuse(published.refused, fieldOf) };
    } catch (failure) {
      return { ...nothing, failure };
    }
  }

  /**
   * Uses prepared uploads up; each can be attached once. From the commit on what is returned must be shown by a row.
   *
   * @throws AppError `MEDIA_NOT_UPLOADED`, `MEDIA_REJECTED`, `STORAGE_UNAVAILABLE`, and whatever else kept it from being prepared
   */
  @Transactional()
  async attach({ userId, copies, failure, fieldOf }: PreparedMedia): Promise<Medium[]> {
    if (failure !== undefined) throw failure;
    if (copies.length === 0) return [];
    const now = this.clock.now();
    const uploadKeys = copies.map(({ upload }) => upload.key);
    if ((await this.repository.use(userId, uploadKeys, now)) < copies.length) {
      throw this.refuse(await this.lost(userId, uploadKeys, now), fieldOf);
    }
    const copyKeys = copies.map(({ key }) => key);
    const after = new Date(now.getTime() + COMMIT_WITHIN_MS);
    if ((await this.repository.show(userId, copyKeys, after)) < copies.length) {
      throw storageUnavailable(attachedTooLate());
    }
    this.transactions.afterCommit(() => {
      for (const { upload } of copies) this.metrics.attached(upload.contentType, upload.bytes);
    });
    return copies.map(({ key, upload }) => ({ key, contentType: upload.contentType }));
  }

  /** Lets go of objects that nothing shows from this transaction on; the worker removes them from the store. */
  @Transactional()
  async release(ownerId: Id, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const objects = keys.map((key) => ({ ownerId, key, multipart: null, contentType: null, bytes: null }));
    await this.repository.insert(objects, this.clock.now());
  }

  /** The uploads that a request names, in its order, or why it cannot name them. */
  private async find(userId: Id, keys: readonly string[], only: MediaKind | undefined) {
    const known = keys.filter((key) => ownerOfUpload(key) === userId);
    const found = known.length === 0 ? [] : await this.read(userId, known);
    const byKey = new Map(found.map((upload) => [upload.key, upload]));
    const refused = keys.flatMap((key, index): RefusedMedium[] => {
      const refusal = keys.indexOf(key) < index ? 'repeated' : refusalOf(key, userId, byKey.get(key), only);
      return refusal ? [{ key, refusal }] : [];
    });
    return { uploads: keys.map((key) => byKey.get(key)!), refused };
  }

  /** On the primary: a replica may not know yet what was asked for a moment ago. */
  @Transactional({ readOnly: true, fresh: true })
  private read(userId: Id, keys: readonly string[]): Promise<Upload[]> {
    return this.repository.uploads(userId, keys, this.clock.now());
  }

  /** Those that somebody else attached, or that became too old, since they were prepared. */
  private async lost(userId: Id, keys: readonly string[], now: Date): Promise<RefusedMedium[]> {
    const uploads = await this.repository.uploads(userId, keys, now);
    const free = new Set(uploads.filter(({ usedAt }) => usedAt === null).map(({ key }) => key));
    return keys.filter((key) => !free.has(key)).map((key) => ({ key, refusal: 'used' }));
  }

  private refuse(refused: readonly RefusedMedium[], fieldOf: NamedMedia['fieldOf']): Error {
    for (const { refusal } of refused) this.metrics.refused(refusal);
    return mediaRefused(refused, fieldOf);
  }
}

function refusalOf(key: string, userId: Id, upload: Upload | undefined, only?: MediaKind): Refusal | undefined {
  const owner = ownerOfUpload(key);
  if (owner !== undefined && owner !== userId) return 'foreign';
  if (!upload) return 'not_uploaded';
  if (upload.usedAt !== null) return 'used';
  return only && factsOf(upload.contentType).kind !== only ? 'not_an_image' : undefined;
}
