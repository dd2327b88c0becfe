import type { StoredPost } from './posts.repository.js';

/** What the cache knows of a post: itself, that nobody has seen it, or that it was deleted, which is for ever. */
export type CachedPost = { is: 'there'; post: StoredPost } | { is: 'missing' } | { is: 'deleted' };

export const MISSING = '0|missing';
export const DELETED = 'deleted';

/**
 * As it lies in Redis: the version, for scripts to compare, then the post as JSON, media first. By these the scripts tell
 * it from what code wrote that knew no media: that counts as not cached. Such code reads this and does not mind.
 */
export function encodePost(post: StoredPost): string {
  const { version, createdAt, editedAt, media, ...rest } = post;
  const times = { createdAt: createdAt.getTime(), editedAt: editedAt?.getTime() };
  return `${version}|${JSON.stringify({ media, ...rest, ...times })}`;
}

/** @returns `undefined` for a post that was written without its media, and so must be read again */
export function decodePost(body: string): CachedPost | undefined {
  if (body === DELETED) return { is: 'deleted' };
  if (body === MISSING) return { is: 'missing' };
  const bar = body.indexOf('|');
  if (!body.startsWith('{"media":', bar + 1)) return undefined;
  const { createdAt, editedAt, ...rest } = JSON.parse(body.slice(bar + 1)) as EncodedPost;
  const post: StoredPost = {
    ...rest,
    version: Number(body.slice(0, bar)),
    createdAt: new Date(createdAt),
    editedAt: editedAt === undefined ? null : new Date(editedAt),
  };
  return { is: 'there', post };
}

/** Times in milliseconds since the Unix epoch. */
interface EncodedPost extends Omit<StoredPost, 'version' | 'createdAt' | 'editedAt'> {
  createdAt: number;
  editedAt?: number;
}
