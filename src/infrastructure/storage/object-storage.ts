import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Injectable } from '@nestjs/common';
import { StorageClient, type StorageRequest } from './storage-client.js';
import { StorageRefusedError } from './storage-errors.js';

/** A store that is well answers small requests in milliseconds; somebody waits for them. */
const DEADLINE_MS = 3_000;
/** Copying takes the store as long as it takes to move the bytes inside; this is slow for one. */
const COPY_BYTES_PER_MS = 20_000;
/** Nobody waits for removals. */
const REMOVAL_DEADLINE_MS = 10_000;

/** An object as it lies in the store. */
export interface InspectedObject {
  /** Names this version of it. */
  etag: string;
  bytes: number;
  contentType: string;
  /** Its first bytes, as many as were asked for. */
  head: Uint8Array;
}

/** How an object is served to who reads it. */
export interface ServedAs {
  contentType: string;
  cacheControl: string;
  contentDisposition: string;
}

/** A part of a multipart upload, as the store knows it. */
export interface UploadedPart {
  partNumber: number;
  etag: string;
}

/**
 * The object store, as far as the service itself asks it: metadata, first bytes, copies and removals, never whole files.
 * Every method answers in bounded time, with AppError `STORAGE_UNAVAILABLE` when the store does not.
 */
@Injectable()
export class ObjectStorage {
  constructor(private readonly client: StorageClient) {}

  /** An object and its first bytes, at most `headBytes`. @returns `undefined` if there is none, or an empty one */
  async inspect(key: string, headBytes: number): Promise<InspectedObject | undefined> {
    const input = { Bucket: this.client.bucket, Key: key, Range: `bytes=0-${headBytes - 1}` };
    try {
      const read: StorageRequest<InspectedObject> = async (s3, options) => {
        const found = await s3.send(new GetObjectCommand(input), options);
        const head = await found.Body!.transformToByteArray();
        const bytes = Number(found.ContentRange?.split('/')[1] ?? found.ContentLength);
        return { etag: found.ETag!, bytes, contentType: found.ContentType ?? '', head };
      };
      // The store of development sends more than the range that it was asked for, which would be taken for its next answer.
      return await this.client.ask('GetObject', DEADLINE_MS, read, { close: true });
    } catch (error) {
      if (error instanceof StorageRefusedError && error.refusal === 'missing') return undefined;
      throw error;
    }
  }

  /** Begins an object that is put together of parts. @returns the id of this attempt */
  async beginMultipart(key: string, served: Partial<ServedAs>): Promise<string> {
    const command = new CreateMultipartUploadCommand({
      Bucket: this.client.bucket,
      Key: key,
      ContentType: served.contentType,
      CacheControl: served.cacheControl,
      ContentDisposition: served.contentDisposition,
    });
    const begun = await this.client.ask('CreateMultipartUpload', DEADLINE_MS, (s3, options) =>
      s3.send(command, options),
    );
    return begun.UploadId!;
  }

  /**
   * Fills a begun object with a version of another one, inside the store, and completes it.
   *
   * As a part and not with CopyObject: that one is a stub in the store of development and tests, which says that it
   * copied and did not. It ignores the version too, so whoever must be sure looks at the copy.
   *
   * @param source.bytes decides how long it may take
   * @throws StorageRefusedError `missing`, or `changed` when the source is another version by now
   */
  async copyInto(key: string, multipart: string, source: { key: string; etag: string; bytes: number }): Promise<void> {
    const command = new UploadPartCopyCommand({
      Bucket: this.client.bucket,
      Key: key,
      UploadId: multipart,
      PartNumber: 1,
      CopySource: encodeURI(`${this.client.bucket}/${source.key}`),
      CopySourceIfMatch: source.etag,
    });
    const deadlineMs = DEADLINE_MS + Math.ceil(source.bytes / COPY_BYTES_PER_MS);
    const copied = await this.client.ask('UploadPartCopy', deadlineMs, (s3, options) => s3.send(command, options));
    await this.completeMultipart(key, multipart, [{ partNumber: 1, etag: copied.CopyPartResult!.ETag! }]);
  }

  /** @throws StorageRefusedError `missing` when there is no such attempt, `invalid` for parts that are not there */
  async completeMultipart(key: string, multipart: string, parts: readonly UploadedPart[]): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.client.bucket,
      Key: key,
      UploadId: multipart,
      MultipartUpload: { Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag })) },
    });
    await this.client.ask('CompleteMultipartUpload', REMOVAL_DEADLINE_MS, (s3, options) => s3.send(command, options));
  }

  /** Gives an attempt up, and removes the parts it has; one that is over by now is left as it is. */
  async abortMultipart(key: string, multipart: string): Promise<void> {
    const command = new AbortMultipartUploadCommand({ Bucket: this.client.bucket, Key: key, UploadId: multipart });
    try {
      await this.client.ask('AbortMultipartUpload', DEADLINE_MS, (s3, options) => s3.send(command, options));
    } catch (error) {
      if (!(error instanceof StorageRefusedError && error.refusal === 'missing')) throw error;
    }
  }

  /**
   * Removes objects, at most 1,000; one that is not there counts as removed.
   *
   * @returns keys of those that the store would not remove
   */
  async remove(keys: readonly string[]): Promise<Set<string>> {
    if (keys.length === 0) return new Set();
    const command = new DeleteObjectsCommand({
      Bucket: this.client.bucket,
      Delete: { Objects: keys.map((key) => ({ Key: key })), Quiet: true },
    });
    const { Errors = [] } = await this.client.ask('DeleteObjects', REMOVAL_DEADLINE_MS, (s3, options) =>
      s3.send(command, options),
    );
    return new Set(Errors.filter(({ Code }) => Code !== 'NoSuchKey').map(({ Key }) => Key!));
  }
}
