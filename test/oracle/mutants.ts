/** A mistake that somebody could make in the feed engine. */
export interface Mutant {
  name: string;
  /** Below `src`. */
  file: string;
  /** Text that occurs once. */
  from: string;
  to: string;
  /** Found only with workers that write late, `SLUGGISH`. */
  needsSlowWorkers?: true;
}

const FEEDS = 'modules/feeds';

/** Each must be found by the property test of feeds; if none were, it would prove nothing. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'push instead of reconcile: a fan-out does not look again after its push',
    file: `${FEEDS}/fan-out.handler.ts`,
    from: `const now = await this.truthOf(entry.postId, authorId, after, chunk);`,
    to: `const now = truth;`,
    needsSlowWorkers: true,
  },
  {
    name: 'no score check: a post is added though it is there',
    file: `${FEEDS}/scripts/sentinel.lua`,
    from: `if tonumber(string.match(newest, '^%d+')) < id or redis.call('ZCOUNT', key, post_id, post_id) == 0 then`,
    to: `if true then`,
  },
  {
    name: 'no floor: what lies below a trimmed post enters',
    file: `${FEEDS}/scripts/sentinel.lua`,
    from: `if id <= tonumber(floor) then return end`,
    to: ``,
  },
  {
    name: 'at most once: a job counts as finished when it is taken',
    file: 'infrastructure/outbox/outbox-lease.repository.ts',
    from: `lease_token = ?, available_at = ?, attempts = attempts + 1\n        WHERE id IN (?)`,
    to: `lease_token = ?, available_at = ?, attempts = attempts + 1, state = 'finished'\n        WHERE id IN (?)`,
  },
  {
    name: 'a fan-out does not look whether the post is deleted',
    file: `${FEEDS}/fan-out.handler.ts`,
    from: `return { live: live.has(postId), followers };`,
    to: `return { live: true, followers };`,
  },
  {
    name: 'a second showing prolongs the life of an entry',
    file: `${FEEDS}/scripts/record-reading-1.lua`,
    from: `local until_then = math.min(expires_at, now + viewed_ttl)`,
    to: `local until_then = now + viewed_ttl + viewed_ttl`,
  },
  {
    name: 'expired entries are shown',
    file: `${FEEDS}/scripts/page-1.lua`,
    from: `if expires_at <= now then`,
    to: `if expires_at <= now - 999999 then`,
  },
  {
    name: 'a fan-out ends after its first chunk',
    file: `${FEEDS}/fan-out.handler.ts`,
    from: `while (after !== undefined) {`,
    to: `if (after !== undefined) {`,
  },
  {
    name: 'posts of large authors are not pulled',
    file: `${FEEDS}/feed-pull.ts`,
    from: `if (news.length === 0 && !moves) return false;`,
    to: `return false;`,
  },
  {
    name: 'the tail begins at the top of the feed',
    file: `${FEEDS}/feeds.service.ts`,
    from: `const below = head.items.at(-1)?.post.id ?? start?.belowId ?? MAX_ID;`,
    to: `const below = start?.belowId ?? MAX_ID;`,
  },
  {
    name: 'a feed is built from nothing',
    file: `${FEEDS}/feed-truth.ts`,
    from: `const posts = await this.repository.recentPosts(readerId, this.oldestLive(), maxEntries + 1);`,
    to: `const posts: PostReference[] = [];`,
  },
];
