import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { ObjectStorage, type InspectedObject, type ServedAs } from '../../infrastructure/storage/object-storage.js';
import { StorageRefusedError } from '../../infrastructure/storage/storage-errors.js';
import { HEAD_BYTES, problemOf } from './media-check.js';
import { newPublishedKey } from './media-keys.js';
import type { RefusedMedium } from './media.errors.js';
import { MediaRepository, type Upload } from './media.repository.js';

/** How long a copy may wait to be attached; many times what a request may take. */
const COPY_KEEP_MS = 3_600_000;

/** A checked copy of an upload, which no client can write. */
export interface Copy {
  upload: Upload;
  key: string;
}

/** What was copied, or why some of it cannot be. */
export interface Published {
  copies: Copy[];
  refused: RefusedMedium[];
}

/** A copy that was begun. */
interface BegunCopy extends Copy {
  source: InspectedObject;
  multipart: string;
}

/** Makes copies of uploads that are what they were said to be. All in the store: their bytes do not pass through here. */
@Injectable()
export class MediaPublication {
  constructor(
    private readonly storage: ObjectStorage,
    private readonly repository: MediaRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks uploads and copies them, all or none. A copy that is not attached within {@link COPY_KEEP_MS} is removed.
   *
   * @throws AppError `STORAGE_UNAVAILABLE`
   */
  async publish(uploads: readonly Upload[]): Promise<Published> {
    const sources = await every(uploads, (upload) => this.storage.inspect(upload.key, HEAD_BYTES));
    const refused = await refusedOf(uploads, sources);
    if (refused.length > 0) return { copies: [], refused };
    const begun = await every(uploads, (upload, index) => this.begin(upload, sources[index]!));
    // Written down before there is anything to forget.
    await this.note(begun);
    const copied = await every(begun, (copy) => this.copy(copy));
    // What was checked may have been overwritten since: the copy cannot be, so it is what counts.
    return { copies: begun, refused: await refusedOf(uploads, copied) };
  }

  private async begin(upload: Upload, source: InspectedObject): Promise<BegunCopy> {
    const key = newPublishedKey(upload.ownerId, upload.contentType);
    return { upload, source, key, multipart: await this.storage.beginMultipart(key, servedAs(upload.contentType)) };
  }

  @Transactional()
  private async note(begun: readonly BegunCopy[]): Promise<void> {
    const objects = begun.map(({ upload, key, multipart }) => ({
      ownerId: upload.ownerId,
      key,
      multipart,
      contentType: null,
      bytes: null,
    }));
    await this.repository.insert(objects, new Date(this.clock.nowMs() + COPY_KEEP_MS));
  }

  /** @returns the copy as it lies in the store; nothing if its source went or changed meanwhile */
  private async copy({ upload, source, key, multipart }: BegunCopy): Promise<InspectedObject | undefined> {
    try {
      await this.storage.copyInto(key, multipart, { key: upload.key, etag: source.etag, bytes: source.bytes });
    } catch (error) {
      if (error instanceof StorageRefusedError) return undefined;
      throw error;
    }
    return this.storage.inspect(key, HEAD_BYTES);
  }
}

/**
 * A day in caches, and no longer: a deleted picture should not live on there. Opened by itself it is saved and not shown,
 * so that nothing that passed for a picture runs in the place that serves it; pages that embed it do not mind.
 */
const servedAs = (contentType: string): ServedAs => ({
  contentType,
  cacheControl: 'public, max-age=86400, immutable',
  contentDisposition: 'attachment',
});

async function refusedOf(
  uploads: readonly Upload[],
  objects: readonly (InspectedObject | undefined)[],
): Promise<RefusedMedium[]> {
  const problems = await Promise.all(uploads.map((upload, index) => problemOf(objects[index], upload)));
  return problems.flatMap((refusal, index) => (refusal ? [{ key: uploads[index]!.key, refusal }] : []));
}

/** Does something with each, at once, and fails when all are done if one failed: nothing goes on unwatched. */
async function every<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results = await Promise.allSettled(items.map(work));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
