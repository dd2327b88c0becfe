import type { Id } from '../../src/common/id.js';
import type { Member } from './api-client.js';
import type { Post } from './contract.js';
import type { TestRedis } from './redis.js';
import type { TestDatabase } from './test-database.js';

export interface Counts {
  likes: number;
  comments: number;
}

/** What each place says of a post's counts; they must all say the same once nothing is under way. */
export interface EverywhereCounts {
  rows: Counts;
  /** Written back; what is pending not included. */
  mysql: Counts;
  /** `undefined`: Redis keeps none at the moment. */
  redis: Counts | undefined;
  api: Counts;
}

export const countsKey = (postId: Id): string => `post:{${postId}}:counts`;

/** Counts where they lie in Redis, on the master. */
export async function countsInRedis(redis: TestRedis, postId: Id): Promise<Counts | undefined> {
  const fields = await redis.command<string[] | Record<string, string>>('hgetall', countsKey(postId));
  const flat = Array.isArray(fields) ? fields : Object.entries(fields).flat();
  if (flat.length === 0) return undefined;
  const values = new Map<string, number>();
  for (let i = 0; i < flat.length; i += 2) values.set(flat[i]!, Number(flat[i + 1]));
  return { likes: values.get('likes')!, comments: values.get('comments')! };
}

export async function countsInMysql(database: TestDatabase, postId: Id): Promise<Counts> {
  const [row] = await database.query<Counts>(
    'SELECT like_count AS likes, comment_count AS comments FROM post_counts WHERE post_id = ?',
    [postId],
  );
  return row ?? { likes: 0, comments: 0 };
}

/** What is liked and commented, counted anew. */
async function countsOfRows(database: TestDatabase, postId: Id): Promise<Counts> {
  const [row] = await database.query<{ likes: string; comments: string }>(
    `SELECT (SELECT COUNT(*) FROM likes WHERE post_id = ?) AS likes,
            (SELECT COUNT(*) FROM comments WHERE post_id = ?) AS comments`,
    [postId, postId],
  );
  return { likes: Number(row!.likes), comments: Number(row!.comments) };
}

/** Looks everywhere; Redis first, because the API may fill it. */
export async function countsEverywhere(
  database: TestDatabase,
  redis: TestRedis,
  reader: Member,
  postId: Id,
): Promise<EverywhereCounts> {
  const kept = await countsInRedis(redis, postId);
  const { likeCount, commentCount } = await reader.get<Post>(`/v1/posts/${postId}`);
  return {
    rows: await countsOfRows(database, postId),
    mysql: await countsInMysql(database, postId),
    redis: kept,
    api: { likes: likeCount, comments: commentCount },
  };
}
