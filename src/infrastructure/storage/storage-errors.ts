import { AppError } from '../../common/app-error.js';

/** The object store gave no answer, or one that tells of trouble of its own. */
export const storageUnavailable = (cause: unknown): AppError =>
  new AppError('STORAGE_UNAVAILABLE', 'The store of media cannot be reached at the moment. Try again shortly.', {
    cause,
    retryAfterSeconds: 2,
  });

/** What the store refuses because of what it is asked for, as opposed to not being able to answer. */
export type StorageRefusal = 'missing' | 'changed' | 'invalid';

/** The store answered, and it is no. */
export class StorageRefusedError extends Error {
  override name = 'StorageRefusedError';

  constructor(
    readonly refusal: StorageRefusal,
    cause: unknown,
  ) {
    super(`the object store refused: ${refusal}`, { cause });
  }
}

/** By the HTTP status: names differ from store to store, and a HEAD has none. */
const REFUSALS: Record<number, StorageRefusal> = { 400: 'invalid', 404: 'missing', 412: 'changed', 416: 'missing' };

/** Refusals by name that tell of the store or of how it is set up, and not of what it was asked for. */
const UNABLE = new Set(['NoSuchBucket', 'RequestTimeout']);

/** @returns the HTTP status of an error of the SDK, 0 if there was no answer */
const statusOf = (error: unknown): number =>
  (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode ?? 0;

/** @returns {@link StorageRefusedError} for a refusal; for everything else, wrong credentials too, an AppError `STORAGE_UNAVAILABLE` */
export function asStorageError(error: unknown): Error {
  const { name = '' } = (error ?? {}) as { name?: string };
  const refusal = UNABLE.has(name) ? undefined : REFUSALS[statusOf(error)];
  return refusal ? new StorageRefusedError(refusal, error) : storageUnavailable(error);
}

/**
 * Whether the store answered a request, and it was no. For who works through a list: also when it forbids what was asked, which a client
 * is told as trouble of ours.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof StorageRefusedError) return true;
  return error instanceof AppError && statusOf(error.cause) === 403;
}
