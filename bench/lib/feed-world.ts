// Readers on the loaded graph whose feeds hold about so many entries.
import type { Schema } from './schema.ts';
import { untilSettled } from './settled.ts';
import { createPosts, loadGraph, type LoadedGraph } from './world.ts';

/** Live posts of every user, who has their own in the feed too: a feed holds that many for each followee, and as many again. */
const POSTS_EACH = 5;

export const FEED_SIZES = [10, 100, 400, 800];

export interface FeedWorld {
  about: LoadedGraph['about'] & { postsEach: number };
  /** Ids of readers by the size of their feeds. */
  readers: Map<number, string[]>;
}

/**
 * Loads the graph, gives everybody posts, waits until the servers have settled, and picks readers by how many they follow; feeds are built when they are first read.
 *
 * @param count of readers of each size
 */
export async function createFeedWorld(schema: Schema, count: number): Promise<FeedWorld> {
  const { about, users } = await loadGraph(schema);
  await createPosts(
    schema.pool,
    users.map(({ id }) => id),
    POSTS_EACH,
  );
  await untilSettled(schema);
  const readers = new Map<number, string[]>();
  for (const size of FEED_SIZES) {
    const wanted = size / POSTS_EACH - 1;
    const distance = ({ following }: { following: number }): number => Math.abs(following - wanted);
    const nearest = users.toSorted((a, b) => distance(a) - distance(b)).slice(0, count);
    readers.set(
      size,
      nearest.map(({ id }) => id),
    );
  }
  return { about: { ...about, postsEach: POSTS_EACH }, readers };
}
