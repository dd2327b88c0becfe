import type { Id } from '../../common/id.js';

/**
 * Key of a user's feed: `feed:{<bucket>}:<userId>`, bucket = user id modulo the number of buckets. Only the bucket is
 * hashed by the cluster, so that the feeds of a bucket lie in one slot and one script call reaches many of them.
 */
export const feedKey = (userId: Id, buckets: number): string => `feed:{${bucketOf(userId, buckets)}}:${userId}`;

export const bucketOf = (userId: Id, buckets: number): number => Number(BigInt(userId) % BigInt(buckets));
