import { fileTypeFromBuffer } from 'file-type';
import { factsOf, type MediaType } from '../../common/media-types.js';
import type { InspectedObject } from '../../infrastructure/storage/object-storage.js';
import type { Refusal } from './media.errors.js';

/** First bytes of a file by which its type is recognized: what the library asks for. */
export const HEAD_BYTES = 4_100;

/** What an object was promised to be. */
interface Promised {
  contentType: MediaType;
  bytes: number;
}

/** @returns why an object is not what was promised, or `undefined` if it is */
export async function problemOf(
  object: InspectedObject | undefined,
  { contentType, bytes }: Promised,
): Promise<Refusal | undefined> {
  if (!object) return 'not_uploaded';
  if (object.bytes !== bytes) return 'wrong_size';
  if (object.contentType !== contentType) return 'wrong_type';
  const recognized = await recognize(object.head);
  return factsOf(contentType).recognizedAs.some((type) => type === recognized) ? undefined : 'wrong_type';
}

/** The library throws on what ends too early for the type it begins as. */
async function recognize(head: Uint8Array): Promise<string | undefined> {
  try {
    return (await fileTypeFromBuffer(head))?.mime;
  } catch {
    return undefined;
  }
}
