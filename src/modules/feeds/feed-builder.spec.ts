import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { FeedBuilder } from './feed-builder.js';
import type { FeedPull } from './feed-pull.js';
import type { FeedStore } from './feed.store.js';
import type { FeedTruth } from './feed-truth.js';

describe(FeedBuilder.name, () => {
  it('says that Redis cannot, when the feed is dropped during every build, and tries again for the next reader', async () => {
    let begun = 0;
    const store = {
      beginBuild: async () => ({ state: 'building', token: String(++begun) }),
      add: async () => undefined,
      completeBuild: async (_: string, token: string) => token === '4',
    };
    const builder = new FeedBuilder(
      store as unknown as FeedStore,
      {
        liveEntriesNow: async () => ({ posts: [], entries: [], leftOut: undefined, isCertain: true }),
      } as unknown as FeedTruth,
      { stateAfter: () => ({ watermark: '0', pulled: [] }) } as unknown as FeedPull,
    );
    await expect(builder.build('1')).rejects.toThrow(RedisUnavailableError);
    await builder.build('1');
    expect(begun).toBe(4);
  });
});
