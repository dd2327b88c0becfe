import type { AppConfig } from '../../config/app-config.js';
import type { JobContext } from '../../infrastructure/outbox/outbox-handler.decorator.js';
import type { FollowsReader } from '../follows/follows.reader.js';
import type { LargeAuthorsWriter } from '../posts/large-authors.writer.js';
import type { PostsReader } from '../posts/posts.reader.js';
import { FanOutHandler } from './fan-out.handler.js';
import type { FeedDelivery } from './feed-delivery.js';
import type { FeedTruth } from './feed-truth.js';

const EVENT = { postId: '9', authorId: '1', createdAtMs: 1_000 };

const NEW_JOB: JobContext = {
  progress: null,
  mayHaveDone: 'nothing',
  createdAt: new Date(),
  saveProgress: async () => undefined,
};

/** @param repeatableFromMs posts of before may have been viewed and be gone */
function handlerWith(
  delivery: Partial<FeedDelivery>,
  followersAfterNow: FollowsReader['followersAfterNow'],
  repeatableFromMs: number,
): FanOutHandler {
  return new FanOutHandler(
    delivery as FeedDelivery,
    { followersAfterNow } as FollowsReader,
    { isPulledNow: async () => false, liveAmongNow: async () => new Set(['9']) } as unknown as PostsReader,
    { judge: async () => undefined } as unknown as LargeAuthorsWriter,
    { repeatableFrom: () => new Date(repeatableFromMs) } as FeedTruth,
    { feed: { unviewedTtlMs: 1_000, fanOutChunk: 4 } } as AppConfig,
  );
}

/** @param looks followers that are found with each look at MySQL; the last ones from then on */
async function feedsAfter(...looks: string[][]): Promise<string[]> {
  const feeds = new Set<string>();
  const delivery = {
    chunk: 10,
    push: async (_: unknown, ids: readonly string[]) => ids.forEach((id) => feeds.add(id)),
    remove: async (_: unknown, ids: readonly string[]) => ids.forEach((id) => feeds.delete(id)),
  };
  const handler = handlerWith(delivery, async () => (looks.length > 1 ? looks.shift()! : looks[0]!), 0);
  await handler.handle(EVENT, NEW_JOB);
  return [...feeds].toSorted();
}

/** Who gets a post that may have been viewed and be gone, in chunks of two: whoever reads, and who has not read since. */
async function lateDelivery(
  job: Partial<JobContext>,
): Promise<{ everybody: string[]; unread: string[]; saved: string[] }> {
  const to = { everybody: [] as string[], unread: [] as string[], saved: [] as string[] };
  const delivery = {
    chunk: 2,
    push: async (_: unknown, ids: readonly string[], readBefore?: number) =>
      void to[readBefore === undefined ? 'everybody' : 'unread'].push(...ids),
  };
  const followers = ['2', '3', '4', '5', '6', '7', '8'];
  const after = async (_: string, id: string, limit: number) => followers.filter((one) => one > id).slice(0, limit);
  const saveProgress = async (progress: string) => void to.saved.push(progress);
  await handlerWith(delivery, after, 2_000).handle(EVENT, { ...NEW_JOB, saveProgress, ...job });
  return to;
}

describe(FanOutHandler.name, () => {
  it('takes the post away from who leaves while it is delivered', async () => {
    await expect(feedsAfter(['2', '3'], ['2'])).resolves.toEqual(['1', '2']);
  });

  it('delivers once more to who leaves and comes back, whose follow may have been done before the removal', async () => {
    await expect(feedsAfter(['2', '3'], ['2'], ['2', '3'])).resolves.toEqual(['1', '2', '3']);
  });

  describe('that comes late', () => {
    it('is for everybody at the first try, but the author, who had the post from the request', async () => {
      expect(await lateDelivery({})).toEqual({
        everybody: ['2', '3', '4', '5', '6', '7', '8'],
        unread: ['1'],
        saved: ['3', '5', '7'],
      });
    });

    it('is withheld only from whom another try may have reached: as many as one chunk ever has', async () => {
      expect(await lateDelivery({ mayHaveDone: 'the next' })).toEqual({
        everybody: ['6', '7', '8'],
        unread: ['1', '2', '3', '4', '5'],
        saved: ['3+2', '5', '7'],
      });
      expect(await lateDelivery({ mayHaveDone: 'the next', progress: '4' })).toMatchObject({
        everybody: [],
        unread: ['5', '6', '7', '8'],
      });
    });

    it('goes on with what was in doubt after its turn, and begins anew after another failure', async () => {
      expect(await lateDelivery({ progress: '3+2' })).toMatchObject({
        everybody: ['6', '7', '8'],
        unread: ['4', '5'],
      });
      expect(await lateDelivery({ mayHaveDone: 'the next', progress: '3+2' })).toMatchObject({
        everybody: ['8'],
        unread: ['4', '5', '6', '7'],
      });
    });

    it('raises nothing in a replay, wherever that has come', async () => {
      const rest = { everybody: [], saved: ['3', '5', '7'] };
      expect(await lateDelivery({ mayHaveDone: 'anything' })).toMatchObject(rest);
      expect(await lateDelivery({ mayHaveDone: 'anything', progress: '7' })).toMatchObject({
        everybody: [],
        unread: ['8'],
      });
    });
  });
});
