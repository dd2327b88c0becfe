import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { factsOf, type MediaType } from '../../common/media-types.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { PresignedUrls, Validity } from '../../infrastructure/storage/presigned-urls.js';
import type { FileToUpload } from './dto/upload.requests.js';
import type { UploadResponse } from './dto/upload.response.js';
import { newUploadKey } from './media-keys.js';
import { fileNotAllowed, tooManyUploads } from './media.errors.js';
import { MediaMetrics } from './media.metrics.js';
import { MediaRepository, type NewObject } from './media.repository.js';

/** Uploads of one user that are remembered at most, attached or not: a hundred posts of ten pictures in `UPLOAD_KEEP`. */
const MAX_UPLOADS = 1_000;

/** A file of an allowed type and size. */
export interface AllowedFile {
  contentType: MediaType;
  bytes: number;
}

/** Gives clients addresses to upload to. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly repository: MediaRepository,
    private readonly presigned: PresignedUrls,
    private readonly metrics: MediaMetrics,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** An address for each file, in their order. @throws AppError `VALIDATION_FAILED`, `RATE_LIMITED` */
  async issue(userId: Id, files: readonly FileToUpload[]): Promise<UploadResponse[]> {
    const allowed = files.map((file, index) => this.requireAllowed(file, `files[${index}].`));
    const objects = allowed.map((file) => ({
      ...file,
      ownerId: userId,
      key: newUploadKey(userId, file.contentType),
      multipart: null,
    }));
    const validity = new Validity(this.clock.nowMs(), this.config.media.uploadUrlTtlMs);
    await this.remember(userId, objects);
    const expiresAt = validity.until.toISOString();
    return Promise.all(
      objects.map(async ({ key, contentType, bytes }) => {
        const url = await this.presigned.put(key, { contentType, bytes }, validity);
        this.metrics.issued(contentType, 'single');
        return { key, url, method: 'PUT' as const, headers: { 'Content-Type': contentType }, expiresAt };
      }),
    );
  }

  /** @param prefix of the fields in errors. @throws AppError `VALIDATION_FAILED` */
  requireAllowed({ contentType, size }: FileToUpload, prefix = ''): AllowedFile {
    const { types, maxBytes } = this.config.media;
    const type = types.find((one) => one === contentType);
    if (!type) throw fileNotAllowed(`${prefix}contentType`, `must be one of ${types.join(', ')}`);
    const most = maxBytes[factsOf(type).kind];
    if (size > most) throw fileNotAllowed(`${prefix}size`, `must be at most ${most} bytes`);
    return { contentType: type, bytes: size };
  }

  /**
   * Looks whether a user may ask for one more upload, before anything is done for it. Only {@link remember} is sure.
   *
   * @throws AppError `RATE_LIMITED`
   */
  @Transactional({ readOnly: true, fresh: true })
  async requireRoom(userId: Id): Promise<void> {
    await this.refuseTooMany(userId, 1);
  }

  /**
   * Writes down what may be uploaded, and so must be removed one day.
   *
   * @throws AppError `RATE_LIMITED` when the user has asked for too many
   */
  @Transactional()
  async remember(userId: Id, objects: readonly NewObject[]): Promise<void> {
    // One after the other, or each of many at once would not count the others.
    await this.repository.lockOwner(userId);
    await this.refuseTooMany(userId, objects.length);
    await this.repository.insert(objects, new Date(this.clock.nowMs() + this.config.media.uploadKeepMs));
  }

  private async refuseTooMany(userId: Id, more: number): Promise<void> {
    const remembered = await this.repository.countUploads(userId);
    if (remembered + more > MAX_UPLOADS) throw tooManyUploads(this.config.media.uploadKeepMs);
  }
}
