import { encodeCursor } from '../../src/common/cursor.js';
import type { Id } from '../../src/common/id.js';
import type { FeedPage } from '../support/contract.js';
import { type Answer, idsOf, type Member } from '../support/api-client.js';
import { TestApp } from '../support/test-app.js';

const HEAD = 20;
const POSTS = 50;

describe('Paging of GET /v1/feed', () => {
  let app: TestApp;
  let reader: Member;
  let authors: Member[];
  /** Everything that the reader should see, newest first. */
  let all: Id[];

  beforeAll(async () => {
    const env = { FEED_MAX_ENTRIES: String(HEAD), PUBLIC_URL: 'https://sns.example.test/' };
    app = await TestApp.start({ env });
    [reader, ...authors] = (await app.api.registerMany(4)) as [Member, ...Member[]];
    await Promise.all(authors.map((author) => reader.follow(author)));
    await reader.feed();
    const writers = [...authors, reader];
    all = [];
    for (let i = 0; i < POSTS; i++) all.unshift((await writers[i % writers.length]!.post()).id);
    await app.settle();
    await app.database.replicated();
  });
  afterAll(() => app?.close());

  it('has more posts than the head holds', async () => {
    expect((await app.redis.entries(reader.id)).map((entry) => entry.postId)).toEqual(all.slice(0, HEAD));
  });

  it.each([1, 7, HEAD - 1, HEAD, HEAD + 1, POSTS - 1, POSTS, 100])(
    'with a limit of %i shows everything once, newest first, in full pages',
    async (limit) => {
      const pages = await reader.walk(limit);
      expect(idsOf(pages)).toEqual(all);
      expect(pages.map(({ items }) => items.length)).toEqual(
        Array.from({ length: Math.ceil(POSTS / limit) }, (_, page) => Math.min(limit, POSTS - page * limit)),
      );
    },
  );

  it('has 20 items a page unless another limit is given', async () => {
    expect((await reader.feed()).items).toHaveLength(20);
  });

  it('counts the tail as seen', async () => {
    const { items } = await reader.feed({ limit: 100 });
    expect(items.slice(HEAD).every((item) => item.viewed)).toBe(true);
  });

  it('shows everything once when the feed is rebuilt in the middle of a walk', async () => {
    const first = await reader.feed({ limit: 7 });
    await app.redis.deleteFeeds(reader.id);
    expect(idsOf([first, ...(await reader.walk(7, first.nextCursor!))])).toEqual(all);
    expect(idsOf(await reader.walk(7))).toEqual(all);
  });

  it('keeps low posts out of the head that would hide trimmed ones', async () => {
    const newcomer = await app.api.register();
    const old = await newcomer.post();
    const between = await authors[0]!.postMany(HEAD);
    await app.settle();
    await reader.follow(newcomer);
    await app.settle();
    await app.database.replicated();
    try {
      const expected = [...between, old.id, ...all];
      expect(idsOf(await reader.walk(7))).toEqual(expected);
      expect((await app.redis.entries(reader.id)).map((entry) => entry.postId)).toEqual(between);
    } finally {
      all = [...between, ...all];
      await reader.unfollow(newcomer);
      await app.database.replicated();
    }
  });

  it('does not move a walk when posts arrive meanwhile', async () => {
    const pages = [await reader.feed({ limit: 7 })];
    const arrived: Id[] = [];
    while (pages.at(-1)!.nextCursor !== null) {
      arrived.unshift((await authors[0]!.post()).id);
      await app.settle();
      await app.database.replicated();
      pages.push(await reader.feed({ limit: 7, cursor: pages.at(-1)!.nextCursor! }));
    }
    const seen = idsOf(pages);
    expect(seen).toEqual(all);
    all = [...arrived, ...all];
  });

  it('never returns from the tail to the head', async () => {
    const { nextCursor } = await reader.feed({ limit: HEAD + 1 });
    const next = await reader.feed({ limit: 2, cursor: nextCursor! });
    await app.redis.command(
      'zadd',
      app.redis.feedKey(reader.id),
      next.items[0]!.post.id,
      `${next.items[0]!.post.id}:9999999999:0`,
    );
    const again = await reader.feed({ limit: 2, cursor: nextCursor! });
    expect(again).toEqual(next);
    await app.redis.deleteFeeds(reader.id);
  });

  describe('Link', () => {
    it('leads to the next page at the public address, and is missing on the last one', async () => {
      const pages = [];
      const links: string[] = [];
      for (let path: string | undefined = '/v1/feed?limit=40'; path !== undefined;) {
        const answer: Answer<FeedPage> = await reader.request('GET', path);
        pages.push(answer.body);
        const link: string | null = answer.headers.get('link');
        if (link !== null) links.push(link);
        path = /^<https:\/\/sns\.example\.test(\/v1\/feed\?[^>]+)>; rel="next"$/.exec(link ?? '')?.[1];
      }
      expect(idsOf(pages)).toEqual(all);
      const cursors = pages.flatMap(({ nextCursor }) => nextCursor ?? []);
      expect(links).toEqual(
        cursors.map((cursor) => `<https://sns.example.test/v1/feed?limit=40&cursor=${cursor}>; rel="next"`),
      );
    });
  });

  describe('a cursor', () => {
    it.each([
      ['of another list', encodeCursor('posts', 'head', '5')],
      ['of no part of a feed', encodeCursor('feed', 'middle', '5')],
      ['with an impossible id', encodeCursor('feed', 'head', '-5')],
      ['with an id above 2^63 - 1', encodeCursor('feed', 'tail', '9223372036854775808')],
      ['with too few parts', encodeCursor('feed', 'head')],
      ['with too many parts', encodeCursor('feed', 'head', '5', '6')],
      ['of another version', Buffer.from('2:feed:head:5').toString('base64url')],
      ['that is cut off', encodeCursor('feed', 'head', '5').slice(0, -4)],
      ['with a foreign character', `${encodeCursor('feed', 'head', '5')}=`],
      ['that is empty', ''],
      ['that is not text', Buffer.from([0xff, 0xfe, 0x00]).toString('base64url')],
    ])('%s is refused', async (_, cursor) => {
      const answer = await reader.request('GET', `/v1/feed?cursor=${encodeURIComponent(cursor)}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_CURSOR']);
    });

    it('that is given twice is refused', async () => {
      expect((await reader.request('GET', '/v1/feed?cursor=a&cursor=b')).status).toBe(400);
    });

    it("of somebody else walks one's own feed", async () => {
      const { nextCursor } = await reader.feed({ limit: 1 });
      expect((await (await app.api.register()).feed({ cursor: nextCursor! })).items).toEqual([]);
    });
  });
});
