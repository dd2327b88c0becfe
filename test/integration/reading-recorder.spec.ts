import { ReadingRecorder } from '../../src/modules/feeds/reading-recorder.js';
import { PostsReader } from '../../src/modules/posts/posts.reader.js';
import type { Member } from '../support/api-client.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

describe(ReadingRecorder.name, () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app?.close());

  it('marks what was shown while it is not known yet whether what seems to be gone is', async () => {
    const [author, ...readers] = (await app.api.registerMany(3)) as [Member, ...Member[]];
    for (const reader of readers) {
      await reader.follow(author);
      await reader.feed();
    }
    const [shown, gone] = [await author.post(), await author.post()];
    await app.settle();
    await author.request('DELETE', `/v1/posts/${gone.id}`);
    await app.settle();
    const [meets] = readers as [Member];
    const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
    await app.redis.command('zadd', app.redis.feedKey(meets.id), gone.id, `${gone.id}:${expiresAt}:0`);

    const posts = app.nest.get(PostsReader, { strict: false });
    let answer!: () => void;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    const liveAmongNow = posts.liveAmongNow.bind(posts);
    posts.liveAmongNow = async (ids) => {
      await mayAnswer;
      return liveAmongNow(ids);
    };
    const entriesOf = async ({ id }: Member) =>
      new Map((await app.redis.entries(id)).map(({ postId, viewed }) => [postId, viewed]));
    try {
      for (const reader of readers) expect(await reader.feedIds()).toEqual([shown.id]);
      for (const reader of readers) {
        await until(async () => (await entriesOf(reader)).get(shown.id), { what: 'the mark' });
      }
      expect((await entriesOf(meets)).has(gone.id)).toBe(true);
    } finally {
      answer();
    }
    await until(async () => !(await entriesOf(meets)).has(gone.id), { what: 'the dead entry to go' });
  });
});
