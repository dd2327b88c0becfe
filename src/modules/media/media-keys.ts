import { randomUUID } from 'node:crypto';
import type { Id } from '../../common/id.js';
import { factsOf, type MediaType } from '../../common/media-types.js';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const UPLOAD = new RegExp(`^media/([0-9]{1,19})/${UUID}\\.[a-z0-9]{3,4}$`);

/** Where a client uploads to: its name for the file is no part of it. */
export const newUploadKey = (userId: Id, type: MediaType): string => newKey('media', userId, type);

/** Where a checked copy of an upload lies: no address to write there is ever given to a client. */
export const newPublishedKey = (userId: Id, type: MediaType): string => newKey('published', userId, type);

const newKey = (prefix: string, userId: Id, type: MediaType): string =>
  `${prefix}/${userId}/${randomUUID()}.${factsOf(type).extension}`;

/** Whose upload a key names. @returns `undefined` for whatever we never gave to anybody as a key */
export const ownerOfUpload = (key: string): Id | undefined => UPLOAD.exec(key)?.[1];
