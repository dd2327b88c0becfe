import type { Id } from '../../src/common/id.js';
import { idsOf, type Member } from '../support/api-client.js';
import type { Post } from '../support/contract.js';
import { countsEverywhere } from '../support/post-counts.js';
import type { TestRedis } from '../support/redis.js';
import type { TestDatabase } from '../support/test-database.js';
import type { Ledger } from './ledger.js';

/** Posts whose counts are looked up in every place, of the newest. */
const COUNTED_POSTS = 100;

/** Rows that must not be, however much happened: each statement finds them. */
const NEVER: Record<string, string> = {
  'a post twice': 'SELECT author_id, content FROM posts WHERE edited_at IS NULL GROUP BY 1, 2 HAVING COUNT(*) > 1',
  'a comment twice': 'SELECT author_id, content FROM comments GROUP BY 1, 2 HAVING COUNT(*) > 1',
  'a comment without its post':
    'SELECT c.id FROM comments c LEFT JOIN posts p ON p.id = c.post_id WHERE p.id IS NULL OR p.deleted_at IS NOT NULL',
  'a like without its post':
    'SELECT l.post_id FROM likes l LEFT JOIN posts p ON p.id = l.post_id WHERE p.id IS NULL OR p.deleted_at IS NOT NULL',
  'counts without their post':
    'SELECT c.post_id FROM post_counts c LEFT JOIN posts p ON p.id = c.post_id WHERE p.id IS NULL OR p.deleted_at IS NOT NULL',
  'a post without its author': 'SELECT p.id FROM posts p LEFT JOIN users u ON u.id = p.author_id WHERE u.id IS NULL',
  'a follow of nobody': `SELECT f.follower_id FROM follows f LEFT JOIN users a ON a.id = f.followee_id
       LEFT JOIN users b ON b.id = f.follower_id WHERE a.id IS NULL OR b.id IS NULL`,
  'likes or comments that are miscounted': `SELECT p.id FROM posts p LEFT JOIN post_counts c ON c.post_id = p.id WHERE p.deleted_at IS NULL AND (
       COALESCE(c.like_count, 0) <> (SELECT COUNT(*) FROM likes WHERE post_id = p.id) OR
       COALESCE(c.comment_count, 0) <> (SELECT COUNT(*) FROM comments WHERE post_id = p.id))`,
  'posts or follows that are miscounted': `SELECT u.id FROM users u LEFT JOIN user_counts c ON c.user_id = u.id WHERE
       COALESCE(c.post_count, 0) <> (SELECT COUNT(*) FROM posts WHERE author_id = u.id AND deleted_at IS NULL) OR
       COALESCE(c.follower_count, 0) <> (SELECT COUNT(*) FROM follows WHERE followee_id = u.id) OR
       COALESCE(c.following_count, 0) <> (SELECT COUNT(*) FROM follows WHERE follower_id = u.id)`,
  'a post without its event': `SELECT p.id FROM posts p WHERE NOT EXISTS (SELECT 1 FROM outbox_events e
       WHERE e.type = 'post.created' AND e.payload->>'$.postId' = p.id) AND p.created_at > UTC_TIMESTAMP() - INTERVAL 50 MINUTE`,
  'a job that was given up': "SELECT id, type, last_error FROM outbox_events WHERE lane = 'parked'",
};

/** Compares what was acknowledged with what there is, when everything is done; empty when all is well. */
export class SoakVerdict {
  private readonly problems: string[] = [];

  constructor(
    private readonly ledger: Ledger,
    private readonly database: TestDatabase,
    private readonly redis: TestRedis,
    private readonly members: readonly Member[],
  ) {}

  async find(): Promise<string[]> {
    await this.rows();
    for (const [what, statement] of Object.entries(NEVER)) {
      const rows = await this.database.query(statement);
      if (rows.length > 0) this.problems.push(`${what}, ${rows.length} times: ${JSON.stringify(rows.slice(0, 3))}`);
    }
    await this.feeds();
    await this.counts();
    await this.profiles();
    return this.problems;
  }

  /** Whether rows are exactly those that were acknowledged. */
  private async rows(): Promise<void> {
    const { ledger } = this;
    await this.compare(
      'posts',
      ledger.livePosts().map(([id, { authorId, content }]) => `${id} ${authorId} ${content}`),
      "SELECT CONCAT_WS(' ', id, author_id, content) AS one FROM posts WHERE deleted_at IS NULL",
    );
    await this.compare(
      'comments',
      ledger.liveComments().map(([id, { postId, authorId, content }]) => `${id} ${postId} ${authorId} ${content}`),
      "SELECT CONCAT_WS(' ', id, post_id, author_id, content) AS one FROM comments",
    );
    await this.compare('likes', ledger.liveLikes(), "SELECT CONCAT_WS(' ', user_id, post_id) AS one FROM likes");
    await this.compare(
      'follows',
      [...ledger.follows],
      "SELECT CONCAT_WS(' ', follower_id, followee_id) AS one FROM follows",
    );
  }

  private async compare(what: string, acknowledged: string[], statement: string): Promise<void> {
    const there = new Set((await this.database.query<{ one: string }>(statement)).map(({ one }) => one));
    const lost = acknowledged.filter((one) => !there.delete(one));
    if (lost.length > 0) this.problems.push(`${what} lost, ${lost.length}: ${lost.slice(0, 3).join('; ')}`);
    if (there.size > 0)
      this.problems.push(`${what} that nobody made, ${there.size}: ${[...there].slice(0, 3).join('; ')}`);
  }

  /** A walk along every feed shows exactly what it must, and Redis holds nothing twice. */
  private async feeds(): Promise<void> {
    for (const member of this.members) {
      const shown = idsOf(await member.walk(100));
      const expected = this.ledger.feedOf(member.id);
      if (shown.join() !== expected.join()) {
        const missing = expected.filter((id) => !shown.includes(id));
        const foreign = shown.filter((id) => !expected.includes(id));
        this.problems.push(
          `the feed of ${member.id} lacks ${missing.join() || 'nothing'}, has besides ${foreign.join() || 'nothing'}`,
        );
      }
      const entries = (await this.redis.entries(member.id)).map(({ postId }) => postId);
      if (new Set(entries).size < entries.length)
        this.problems.push(`the stored feed of ${member.id} has a post twice`);
    }
  }

  /** Of the newest posts: rows, counts written back, Redis and the API say the same. */
  private async counts(): Promise<void> {
    for (const [postId] of this.ledger.livePosts().slice(-COUNTED_POSTS)) {
      const { rows, mysql, redis, api } = await countsEverywhere(this.database, this.redis, this.members[0]!, postId);
      const said = [mysql, redis ?? rows, api].map((counts) => JSON.stringify(counts));
      if (said.some((counts) => counts !== JSON.stringify(rows))) {
        this.problems.push(`counts of ${postId}: rows ${JSON.stringify(rows)}, MySQL, Redis and API ${said.join(' ')}`);
      }
    }
  }

  private async profiles(): Promise<void> {
    for (const member of this.members) {
      const { bio, postCount } = await member.user(member.id);
      const posts: Id[] = this.ledger
        .livePosts()
        .filter(([, post]) => post.authorId === member.id)
        .map(([id]) => id);
      if (bio !== (this.ledger.bios.get(member.id) ?? '')) this.problems.push(`the bio of ${member.id} is ${bio}`);
      if (postCount !== posts.length) this.problems.push(`${member.id} has ${postCount} posts and not ${posts.length}`);
      const newest = posts.at(-1);
      if (
        newest &&
        (await member.get<Post>(`/v1/posts/${newest}`)).content !== this.ledger.posts.get(newest)!.content
      ) {
        this.problems.push(`the post ${newest} reads otherwise`);
      }
    }
  }
}
