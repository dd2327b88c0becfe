import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { FeedBuilder } from './feed-builder.js';
import type { FeedPull } from './feed-pull.js';
import type { FeedStore } from './feed.store.js';
import type { FeedTruth, LiveEntries } from './feed-truth.js';

const pull = { stateAfter: () => ({ watermark: '0', pulled: [] }) } as unknown as FeedPull;

const live = (...ids: string[]): LiveEntries => ({
  posts: ids.map((id) => ({ id, authorId: '7', createdAt: new Date(0) })),
  entries: ids.map((postId) => ({ postId, expiresAt: 1, viewed: false })),
  leftOut: undefined,
  isCertain: true,
});

/** @param looks what is found with each look at MySQL; the last one from then on */
const truthOf = (...looks: LiveEntries[]) =>
  ({ liveEntriesNow: async () => (looks.length > 1 ? looks.shift()! : looks[0]!) }) as unknown as FeedTruth;

describe(FeedBuilder.name, () => {
  it('says that Redis cannot, when the feed is dropped during every build, and tries again for the next reader', async () => {
    let begun = 0;
    const store = {
      beginBuild: async () => ({ state: 'building', token: String(++begun) }),
      add: async () => undefined,
      completeBuild: async (_: string, token: string) => token === '4',
    };
    const builder = new FeedBuilder(store as unknown as FeedStore, truthOf(live()), pull);
    await expect(builder.build('1')).rejects.toThrow(RedisUnavailableError);
    await builder.build('1');
    expect(begun).toBe(4);
  });

  it('adds once more what it had removed, when its author is followed again meanwhile', async () => {
    const feed = new Set<string>();
    const store = {
      beginBuild: async () => ({ state: 'building', token: 'a' }),
      add: async (_: string, entries: { postId: string }[]) => entries.forEach(({ postId }) => feed.add(postId)),
      remove: async (ids: string[]) => ids.forEach((id) => feed.delete(id)),
      completeBuild: async () => true,
    };
    // Post 2 goes with an unfollow. Before it is removed the follow that comes next has brought it, and is done.
    const truth = truthOf(live('1', '2'), live('1'), live('1', '2'));
    await new FeedBuilder(store as unknown as FeedStore, truth, pull).build('1');
    expect([...feed].toSorted()).toEqual(['1', '2']);
  });
});
