import { compareIds, type Id } from '../../common/id.js';

export interface PostCounts {
  likes: number;
  comments: number;
}

/** By how much the counts of a post change. */
export interface CountChange extends PostCounts {
  postId: Id;
}

/** A change that MySQL holds and that is not written back yet. */
export interface PendingChange extends CountChange {
  id: Id;
  createdAt: Date;
}

/** What MySQL says of a post: its counts, and how many likes and comments are changes that are not written back yet. */
export interface TrueCounts extends PostCounts {
  pending: number;
}

/**
 * How long changes that would lead below zero wait for others. The like that an unlike takes back may be in the hands of
 * another job for a moment; what lacks it after a minute was counted wrong before.
 */
const WAIT_FOR_OTHERS_MS = 60_000;

/** One sum for each post, in the order of posts, so that two who lock them cannot deadlock. */
export function sumByPost(changes: readonly CountChange[]): CountChange[] {
  const sums = new Map<Id, CountChange>();
  for (const { postId, likes, comments } of changes) {
    const sum = sums.get(postId) ?? { postId, likes: 0, comments: 0 };
    sums.set(postId, { postId, likes: sum.likes + likes, comments: sum.comments + comments });
  }
  return [...sums.values()].sort((a, b) => compareIds(a.postId, b.postId));
}

/** What a flush is to do. */
export interface FlushPlan {
  /** Sums that are added to the counts. */
  sums: CountChange[];
  /** Changes that are in them, and go. */
  done: Id[];
}

/**
 * Plans a flush: the sums of the changes, without those that would lead below zero and may only have overtaken others.
 *
 * @param counts what is written back so far; a post that is missing has none
 */
export function planFlush(
  changes: readonly PendingChange[],
  counts: ReadonlyMap<Id, PostCounts>,
  nowMs: number,
): FlushPlan {
  const waiting = new Set<Id>();
  const stuck = new Set<Id>();
  for (const change of changes) {
    if (change.createdAt.getTime() < nowMs - WAIT_FOR_OTHERS_MS) stuck.add(change.postId);
  }
  const sums = sumByPost(changes).flatMap((sum): CountChange[] => {
    const { postId, likes, comments } = sum;
    const before = counts.get(postId) ?? { likes: 0, comments: 0 };
    if (before.likes + likes >= 0 && before.comments + comments >= 0) return [sum];
    if (stuck.has(postId)) {
      return [{ postId, likes: Math.max(likes, -before.likes), comments: Math.max(comments, -before.comments) }];
    }
    waiting.add(postId);
    return [];
  });
  return { sums, done: changes.filter(({ postId }) => !waiting.has(postId)).map(({ id }) => id) };
}

/** What a check finds out about the counts that Redis holds of a post. */
export interface Verdict {
  /** They are certainly wrong. */
  wrong: boolean;
  /** They are right, and nothing is under way that could change that. */
  settled: boolean;
}

/**
 * Compares what Redis held a moment ago with what MySQL says now.
 *
 * While changes are pending, some of them may not have reached Redis yet, so a difference of as many proves nothing.
 *
 * @param seen nothing when Redis holds none, which is never wrong
 * @param truth nothing when the post is gone
 */
export function judge(seen: PostCounts | undefined, truth: TrueCounts | undefined): Verdict {
  if (!truth) return { wrong: false, settled: true };
  const difference = seen ? Math.max(Math.abs(seen.likes - truth.likes), Math.abs(seen.comments - truth.comments)) : 0;
  return { wrong: difference > truth.pending, settled: difference === 0 && truth.pending === 0 };
}
