import type { AppConfig } from '../../config/app-config.js';
import type { FollowsReader } from '../follows/follows.reader.js';
import type { LargeAuthorsWriter } from '../posts/large-authors.writer.js';
import type { PostsReader } from '../posts/posts.reader.js';
import { FanOutHandler } from './fan-out.handler.js';
import type { FeedDelivery } from './feed-delivery.js';
import type { FeedTruth } from './feed-truth.js';

const EVENT = { postId: '9', authorId: '1', createdAtMs: 1_000 };

/** @param looks followers that are found with each look at MySQL; the last ones from then on */
async function feedsAfter(...looks: string[][]): Promise<string[]> {
  const feeds = new Set<string>();
  const delivery = {
    chunk: 10,
    push: async (_: unknown, ids: string[]) => ids.forEach((id) => feeds.add(id)),
    remove: async (_: unknown, ids: string[]) => ids.forEach((id) => feeds.delete(id)),
  };
  const handler = new FanOutHandler(
    delivery as unknown as FeedDelivery,
    { followersAfterNow: async () => (looks.length > 1 ? looks.shift()! : looks[0]!) } as unknown as FollowsReader,
    { isPulledNow: async () => false, liveAmongNow: async () => new Set(['9']) } as unknown as PostsReader,
    { judge: async () => undefined } as unknown as LargeAuthorsWriter,
    { repeatableFrom: () => new Date(0) } as unknown as FeedTruth,
    { feed: { unviewedTtlMs: 1_000 } } as unknown as AppConfig,
  );
  const job = { progress: null, attempts: 1, createdAt: new Date(), saveProgress: async () => undefined };
  await handler.handle(EVENT, job);
  return [...feeds].toSorted();
}

describe(FanOutHandler.name, () => {
  it('takes the post away from who leaves while it is delivered', async () => {
    await expect(feedsAfter(['2', '3'], ['2'])).resolves.toEqual(['1', '2']);
  });

  it('delivers once more to who leaves and comes back, whose follow may have been done before the removal', async () => {
    await expect(feedsAfter(['2', '3'], ['2'], ['2', '3'])).resolves.toEqual(['1', '2', '3']);
  });
});
