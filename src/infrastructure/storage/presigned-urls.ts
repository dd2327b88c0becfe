import { GetObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Injectable } from '@nestjs/common';
import { StorageClient } from './storage-client.js';

/** When an address begins to be valid, and for how long, both in whole seconds: signatures know no less. */
export class Validity {
  readonly from: Date;

  constructor(
    fromMs: number,
    readonly forMs: number,
  ) {
    this.from = new Date(Math.floor(fromMs / 1_000) * 1_000);
  }

  get until(): Date {
    return new Date(this.from.getTime() + Math.floor(this.forMs / 1_000) * 1_000);
  }
}

/** Addresses that let who has them do one thing with one object. Signing asks nothing of the store. */
@Injectable()
export class PresignedUrls {
  constructor(private readonly client: StorageClient) {}

  /** For a PUT of exactly this type and so many bytes; with another one the signature is wrong. */
  put(key: string, object: { contentType: string; bytes: number }, validity: Validity): Promise<string> {
    const command = new PutObjectCommand({
      Bucket: this.client.bucket,
      Key: key,
      ContentType: object.contentType,
      ContentLength: object.bytes,
    });
    // The SDK signs neither by itself.
    const signableHeaders = new Set(['host', 'content-type', 'content-length']);
    return getSignedUrl(this.client.signer, command, { ...signed(validity), signableHeaders });
  }

  /** For a PUT of exactly so many bytes as a part of a multipart upload. */
  part(key: string, part: { multipart: string; number: number; bytes: number }, validity: Validity): Promise<string> {
    const command = new UploadPartCommand({
      Bucket: this.client.bucket,
      Key: key,
      UploadId: part.multipart,
      PartNumber: part.number,
      ContentLength: part.bytes,
    });
    const signableHeaders = new Set(['host', 'content-length']);
    return getSignedUrl(this.client.signer, command, { ...signed(validity), signableHeaders });
  }

  get(key: string, validity: Validity): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.client.bucket, Key: key });
    return getSignedUrl(this.client.signer, command, signed(validity));
  }
}

const signed = ({ from, forMs }: Validity) => ({ signingDate: from, expiresIn: Math.floor(forMs / 1_000) });
