import type { Id } from '../../common/id.js';

/** A post in somebody's feed. */
export interface FeedEntry {
  postId: Id;
  /** Epoch seconds; the entry is live while now is less. */
  expiresAt: number;
  /** Whether it was shown before. */
  viewed: boolean;
}

/** The member of the sorted set: `postId:expiresAt:viewed`. */
export const encodeEntry = (entry: FeedEntry): string => `${entry.postId}:${entry.expiresAt}:${entry.viewed ? 1 : 0}`;

export function decodeEntry(member: string): FeedEntry {
  const [postId, expiresAt, viewed] = member.split(':');
  return { postId: postId!, expiresAt: Number(expiresAt), viewed: viewed === '1' };
}

/** An entry nobody has seen yet: it lives from the creation of its post. */
export const newEntry = (postId: Id, createdAtMs: number, unviewedTtlMs: number): FeedEntry => ({
  postId,
  expiresAt: Math.floor((createdAtMs + unviewedTtlMs) / 1_000),
  viewed: false,
});
