import { compareIds, type Id } from '../../common/id.js';
import { decodeEntry, newEntry, type FeedEntry } from './feed-entry.js';

/** A member of a feed as it lies in Redis. */
interface Member {
  text: string;
  /** The score. */
  postId: Id;
}

/** A feed as it lies in Redis. */
export interface StoredFeed {
  userId: Id;
  token: string;
  /** Nothing at or below it belongs into the feed. */
  floor: Id;
  /** Up to which post those of large authors have been pulled. */
  watermark: Id;
  members: Member[];
}

/** A post that somebody's feed may have to hold. */
export interface ExpectedPost {
  id: Id;
  authorId: Id;
  createdAt: Date;
  /** By who reads, instead of being pushed. */
  pulled: boolean;
}

/** What MySQL says of one feed. */
export interface FeedFacts {
  /** The reader and whom they follow. */
  authors: ReadonlySet<Id>;
  /** Their posts that belong into the feed unless the reader may have viewed them and they may be gone again. */
  expected: readonly ExpectedPost[];
  /** Who wrote each post of the feed that is there. */
  authorOf: ReadonlyMap<Id, Id>;
}

/** What puts a feed right. */
export interface FeedRepair {
  /** Members as they were seen. */
  leaving: string[];
  coming: FeedEntry[];
}

/** A feed as it was seen, and what is to be done with it. */
export interface FeedWork {
  feed: StoredFeed;
  repair: FeedRepair;
}

export interface FeedLimits {
  maxEntries: number;
  unviewedTtlMs: number;
}

/** Reads `ZRANGE … WITHSCORES`. @returns nothing for a feed that does not exist or is being built */
export function storedFeed(userId: Id, reply: readonly string[]): StoredFeed | undefined {
  const sentinel = /^0:r:(\w+):\d+:(\d+):(\d+)(?::[\d.]*)?$/.exec(reply[0] ?? '');
  if (!sentinel || reply[1] !== '0') return undefined;
  const members: Member[] = [];
  // As a number first: from Redis 7.2 on a round score comes as 1e+15.
  for (let i = 2; i < reply.length; i += 2) members.push({ text: reply[i]!, postId: String(Number(reply[i + 1])) });
  return { userId, token: sentinel[1]!, floor: sentinel[2]!, watermark: sentinel[3]!, members };
}

/** Pure: what puts a feed right; `undefined` of one that is. A member that says nothing of its post leaves too. */
export function repairOf(
  feed: StoredFeed,
  facts: FeedFacts,
  { maxEntries, unviewedTtlMs }: FeedLimits,
): FeedRepair | undefined {
  const kept = new Map<Id, string>();
  const leaving: string[] = [];
  for (const { text, postId } of feed.members) {
    const author = facts.authorOf.get(postId);
    const belongs = author !== undefined && facts.authors.has(author) && compareIds(postId, feed.floor) > 0;
    const other = kept.get(postId);
    if (!belongs || !isMember(text) || !text.startsWith(`${postId}:`)) leaving.push(text);
    else if (other === undefined) kept.set(postId, text);
    else {
      const [better, worse] = ranked(other, text);
      kept.set(postId, better);
      leaving.push(worse);
    }
  }
  const coming = facts.expected
    .filter((post) => !kept.has(post.id) && compareIds(post.id, feed.floor) > 0)
    .filter((post) => !post.pulled || compareIds(post.id, feed.watermark) <= 0)
    .map((post) => newEntry(post.id, post.createdAt.getTime(), unviewedTtlMs));
  // What does not fit is cut by the script, which remembers up to where.
  const isRight = leaving.length === 0 && coming.length === 0 && kept.size <= maxEntries;
  return isRight ? undefined : { leaving, coming };
}

/** Whether a member says what an entry says. */
export const isMember = (text: string): boolean => /^[1-9]\d*:\d+:[01]$/.test(text);

/** Of two members of a post the one that stays comes first: the one that was viewed, else the one that ends first. */
function ranked(one: string, other: string): [string, string] {
  const [first, second] = [decodeEntry(one), decodeEntry(other)];
  const isBetter = first.viewed === second.viewed ? first.expiresAt <= second.expiresAt : first.viewed;
  return isBetter ? [one, other] : [other, one];
}
