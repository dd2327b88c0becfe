import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { ObjectStorage } from '../../infrastructure/storage/object-storage.js';
import { PresignedUrls, Validity } from '../../infrastructure/storage/presigned-urls.js';
import { StorageRefusedError } from '../../infrastructure/storage/storage-errors.js';
import type { CompletedPart, FileToUpload } from './dto/upload.requests.js';
import type { MultipartUploadResponse, PartsResponse } from './dto/upload.response.js';
import { newUploadKey, ownerOfUpload } from './media-keys.js';
import { mediaRefused, type Refusal } from './media.errors.js';
import { MediaMetrics } from './media.metrics.js';
import { MediaRepository, type Upload } from './media.repository.js';
import { UploadsService } from './uploads.service.js';

/**
 * Large enough for few parts (320 of the largest object), small enough that a phone sends one in seconds and loses little
 * when it must send it again. Stores take no part but the last below 5 MB.
 */
const PART_BYTES = 16 * 1_024 ** 2;

type MultipartUpload = Upload & { multipart: string };

/** Uploads in parts, each with an address of its own, so that one that broke off goes on where it was. */
@Injectable()
export class MultipartUploads {
  private readonly logger = new Logger(MultipartUploads.name);

  constructor(
    private readonly uploads: UploadsService,
    private readonly repository: MediaRepository,
    private readonly storage: ObjectStorage,
    private readonly presigned: PresignedUrls,
    private readonly metrics: MediaMetrics,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** @throws AppError `VALIDATION_FAILED`, `RATE_LIMITED`, `STORAGE_UNAVAILABLE` */
  async begin(userId: Id, file: FileToUpload): Promise<MultipartUploadResponse> {
    const { contentType, bytes } = this.uploads.requireAllowed(file);
    await this.uploads.requireRoom(userId);
    const key = newUploadKey(userId, contentType);
    // Should nothing come after this, it holds no bytes: nobody has an address yet.
    const multipart = await this.storage.beginMultipart(key, { contentType });
    try {
      await this.uploads.remember(userId, [{ ownerId: userId, key, contentType, bytes, multipart }]);
    } catch (error) {
      await this.giveUp(key, multipart);
      throw error;
    }
    this.metrics.issued(contentType, 'multipart');
    const numbers = Array.from({ length: Math.ceil(bytes / PART_BYTES) }, (_, index) => index + 1);
    return { key, partSize: PART_BYTES, ...(await this.sign({ key, bytes, multipart }, numbers)) };
  }

  /** New addresses for some parts. @throws AppError `MEDIA_NOT_UPLOADED`, `MEDIA_REJECTED` */
  async parts(userId: Id, key: string, numbers: readonly number[]): Promise<PartsResponse> {
    const upload = await this.require(userId, key);
    const last = Math.ceil(upload.bytes / PART_BYTES);
    if (numbers.some((number) => number > last)) throw refused(key, 'bad_parts');
    return this.sign(upload, [...new Set(numbers)]);
  }

  /**
   * Puts an upload together. Doing it again changes nothing.
   *
   * @throws AppError `MEDIA_NOT_UPLOADED`, `MEDIA_REJECTED`, `STORAGE_UNAVAILABLE`
   */
  async complete(userId: Id, key: string, parts: readonly CompletedPart[]): Promise<void> {
    const { multipart } = await this.require(userId, key);
    try {
      await this.storage.completeMultipart(
        key,
        multipart,
        parts.toSorted((a, b) => a.partNumber - b.partNumber),
      );
    } catch (error) {
      if (!(error instanceof StorageRefusedError)) throw error;
      if (error.refusal !== 'missing') throw refused(key, 'bad_parts');
      if (!(await this.storage.inspect(key, 1))) throw refused(key, 'not_uploaded');
    }
  }

  /**
   * Gives an upload up and removes the parts it has. One that is complete is left as it is.
   *
   * @throws AppError `MEDIA_NOT_UPLOADED`, `MEDIA_REJECTED`, `STORAGE_UNAVAILABLE`
   */
  async abort(userId: Id, key: string): Promise<void> {
    const { multipart } = await this.require(userId, key);
    await this.storage.abortMultipart(key, multipart);
  }

  /** Gives up what no row names; should the store not do so, the lifecycle of the bucket does. */
  private async giveUp(key: string, multipart: string): Promise<void> {
    try {
      await this.storage.abortMultipart(key, multipart);
    } catch (error) {
      this.logger.warn(error, `${key} was begun in parts for nothing and could not be given up`);
    }
  }

  private async sign(
    { key, bytes, multipart }: Pick<MultipartUpload, 'key' | 'bytes' | 'multipart'>,
    numbers: number[],
  ) {
    const validity = new Validity(this.clock.nowMs(), this.config.media.uploadUrlTtlMs);
    const parts = await Promise.all(
      numbers.map(async (number) => {
        const size = Math.min(PART_BYTES, bytes - (number - 1) * PART_BYTES);
        const url = await this.presigned.part(key, { multipart, number, bytes: size }, validity);
        return { partNumber: number, url, method: 'PUT' as const, size };
      }),
    );
    return { parts, expiresAt: validity.until.toISOString() };
  }

  private async require(userId: Id, key: string): Promise<MultipartUpload> {
    const owner = ownerOfUpload(key);
    if (owner === undefined) throw refused(key, 'not_uploaded');
    if (owner !== userId) throw refused(key, 'foreign');
    const upload = await this.find(userId, key);
    if (!upload || upload.multipart === null) throw refused(key, 'not_uploaded');
    if (upload.usedAt !== null) throw refused(key, 'used');
    return { ...upload, multipart: upload.multipart };
  }

  @Transactional({ readOnly: true, fresh: true })
  private async find(userId: Id, key: string): Promise<Upload | undefined> {
    return (await this.repository.uploads(userId, [key], this.clock.now()))[0];
  }
}

const refused = (key: string, refusal: Refusal) => mediaRefused([{ key, refusal }], () => 'key');
