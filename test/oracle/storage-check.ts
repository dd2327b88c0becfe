import type { FeedOracle, Id } from './feed-oracle.js';
import type { StoredFeed } from './redis-nodes.js';

/** Lives are counted in whole seconds, and clocks of processes are read one after the other. */
const EDGE_MS = 2_000;

/** How a feed in Redis differs from what the contract says of its storage, once everything that was asked for is done. */
export function checkStorage(userId: Id, { entries, ttl }: StoredFeed, oracle: FeedOracle): string[] {
  const { maxEntries, unviewedTtlMs, viewedTtlMs } = oracle.settings;
  const visible = new Map(oracle.visible(userId).map((post) => [post.id, post]));
  const ids = new Set(entries.map(({ postId }) => postId));
  const problems: string[] = [];
  if (ttl !== -1) problems.push(`it has a TTL of ${ttl} ms`);
  if (entries.length > maxEntries) problems.push(`it has ${entries.length} entries`);
  if (ids.size < entries.length) problems.push('it has a post twice');
  for (const { postId, expiresAt } of entries) {
    const post = visible.get(postId);
    if (!post) {
      problems.push(`it has ${postId}, which is deleted or of somebody who is not followed`);
      continue;
    }
    const showing = oracle.showing(userId, postId);
    const unviewedEndMs = post.createdMs + unviewedTtlMs;
    const endMs = showing?.isCertain ? Math.min(unviewedEndMs, showing.latestMs + viewedTtlMs) : unviewedEndMs;
    if (expiresAt * 1_000 > endMs + EDGE_MS) problems.push(`${postId} lives too long`);
  }
  return problems.map((problem) => `feed ${userId}: ${problem}`);
}
