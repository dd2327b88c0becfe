/**
 * Identifier of a row: the decimal digits of an unsigned BIGINT, without sign or leading zeros.
 *
 * Ids stay strings from the database to the client, because a JavaScript number is exact only below 2^53.
 */
export type Id = string;

/** Highest id that MySQL's signed BIGINT holds; a larger one in a request is a validation error, not an unknown row. */
export const MAX_ID: Id = '9223372036854775807';

/** Orders ids numerically: negative when `a` is older than `b`. */
export function compareIds(a: Id, b: Id): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether `text` is an id that the database can hold: 1 to 2^63 - 1 in plain decimal digits. */
export function isId(text: unknown): text is Id {
  return typeof text === 'string' && /^[1-9][0-9]{0,18}$/.test(text) && compareIds(text, MAX_ID) <= 0;
}
