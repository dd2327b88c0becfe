import { AppError } from './app-error.js';

/** Version of the encoding; a cursor lives for ever in clients, so a change of meaning needs a new one beside the old. */
const VERSION = '1';
const MAX_CURSOR_LENGTH = 512;

/** `INVALID_CURSOR`, 400: the client has changed a cursor, or brings that of another list. */
export const invalidCursor = (): AppError =>
  new AppError('INVALID_CURSOR', 'The cursor is not one that this list gave out.');

/**
 * Makes an opaque page cursor.
 *
 * @param list name of the list it belongs to; a cursor of another list is refused on decoding
 * @param parts position in the list; no part may contain `:`
 */
export function encodeCursor(list: string, ...parts: string[]): string {
  return Buffer.from([VERSION, list, ...parts].join(':'), 'utf8').toString('base64url');
}

/**
 * Opens a cursor made by {@link encodeCursor}.
 *
 * @returns the parts
 * @throws AppError `INVALID_CURSOR` when it is malformed, of another list, or has another number of parts
 */
export function decodeCursor(list: string, partCount: number, cursor: string): string[] {
  if (cursor.length > MAX_CURSOR_LENGTH || !/^[A-Za-z0-9_-]+$/.test(cursor)) throw invalidCursor();
  const [version, listName, ...parts] = Buffer.from(cursor, 'base64url').toString('utf8').split(':');
  if (version !== VERSION || listName !== list || parts.length !== partCount) throw invalidCursor();
  return parts;
}
