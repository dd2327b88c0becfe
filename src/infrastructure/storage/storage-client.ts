import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { traced } from '../tracing/span.js';
import { asStorageError, StorageRefusedError } from './storage-errors.js';
import { StorageMetrics } from './storage.metrics.js';

/** A store that is there takes a connection in milliseconds. */
const CONNECT_TIMEOUT_MS = 1_000;
/** One repetition of what failed in passing; who asked is told of the second failure, and asks again. */
const MAX_ATTEMPTS = 2;
/** Connections of a process at most: ten media of a post at once, of a few posts. */
const MAX_SOCKETS = 50;

/** Something that is asked of the store with one of the SDK's clients. */
export type StorageRequest<T> = (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>;

/** The clients of the object store: one that talks to it, one that only signs addresses as clients reach it. */
@Injectable()
export class StorageClient implements OnApplicationShutdown {
  readonly bucket: string;
  /** Makes no request; the addresses it signs are those of the public endpoint. */
  readonly signer: S3Client;
  private readonly client: S3Client;
  /** Closes each connection after an answer. */
  private readonly closing: S3Client;

  constructor(
    { storage }: AppConfig,
    private readonly metrics: StorageMetrics,
  ) {
    this.bucket = storage.bucket;
    const options: S3ClientConfig = {
      region: storage.region,
      forcePathStyle: storage.pathStyle,
      // Else a presigned PUT carries the checksum of an empty body.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: MAX_ATTEMPTS,
      ...(storage.accessKey !== '' && {
        credentials: { accessKeyId: storage.accessKey, secretAccessKey: storage.secretKey },
      }),
    };
    const at = (endpoint: string): S3ClientConfig => (endpoint === '' ? options : { ...options, endpoint });
    this.signer = new S3Client(at(storage.publicEndpoint));
    const connecting = (agent: { keepAlive: boolean }): S3Client => {
      const agentOptions = { ...agent, maxSockets: MAX_SOCKETS };
      const requestHandler = {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        httpAgent: agentOptions,
        httpsAgent: agentOptions,
      };
      return new S3Client({ ...at(storage.endpoint), requestHandler });
    };
    this.client = connecting({ keepAlive: true });
    this.closing = connecting({ keepAlive: false });
  }

  /**
   * Asks something of the store, for a bounded time, whatever it does meanwhile: repetitions and the body's arrival count.
   *
   * @param operation as the store's API calls it
   * @param close whether the connection is of no use afterwards
   * @throws StorageRefusedError
   * @throws AppError `STORAGE_UNAVAILABLE`
   */
  async ask<T>(operation: string, deadlineMs: number, request: StorageRequest<T>, { close = false } = {}): Promise<T> {
    const abortSignal = AbortSignal.timeout(deadlineMs);
    const begunMs = performance.now();
    const answered = (result: 'done' | 'refused' | 'unavailable'): void =>
      this.metrics.answered(operation, result, (performance.now() - begunMs) / 1_000);
    try {
      const attributes = { 'rpc.system.name': 'aws-api', 'rpc.method': `S3/${operation}` };
      const client = close ? this.closing : this.client;
      const answer = await traced(`S3 ${operation}`, attributes, () => request(client, { abortSignal }));
      answered('done');
      return answer;
    } catch (error) {
      const failure = asStorageError(error);
      answered(failure instanceof StorageRefusedError ? 'refused' : 'unavailable');
      throw failure;
    }
  }

  onApplicationShutdown(): void {
    this.client.destroy();
    this.closing.destroy();
    this.signer.destroy();
  }
}
