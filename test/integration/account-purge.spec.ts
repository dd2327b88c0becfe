import { AccountPurgeHandler } from '../../src/modules/posts/account-purge.handler.js';
import { PostRemovalHandler } from '../../src/modules/feeds/post-removal.handlers.js';
import { FeedBuilder } from '../../src/modules/feeds/feed-builder.js';
import { USER_DELETED } from '../../src/modules/users/users.events.js';
import { PASSWORD, type Member } from '../support/api-client.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

describe(AccountPurgeHandler.name, () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app?.close());

  it('leaves nothing in the feeds of those who followed, though posts are removed from feeds after the follows', async () => {
    const [author, other, ...readers] = (await app.api.registerMany(5)) as [Member, Member, ...Member[]];
    for (const reader of readers) for (const whom of [author, other]) await reader.follow(whom);
    await app.settle();
    const builder = app.nest.get(FeedBuilder, { strict: false });
    for (const { id } of readers) await builder.build(id);
    await author.postMany(2);
    const kept = await other.post();
    await app.settle();
    const held = () =>
      Promise.all(readers.map(async ({ id }) => (await app.redis.entries(id)).map(({ postId }) => postId)));
    expect(await held()).toEqual(readers.map(() => [kept.id, expect.any(String), expect.any(String)]));

    const isPurged = async () =>
      (await app.database.query("SELECT 1 FROM outbox_events WHERE type = ? AND state = 'finished'", [USER_DELETED]))
        .length > 0;
    const removal = app.inWorker(PostRemovalHandler);
    const handle = removal.handle.bind(removal);
    removal.handle = async (...args) => {
      await until(isPurged, { what: 'the account to be purged' });
      return handle(...args);
    };
    await author.request('DELETE', '/v1/users/me', { body: { password: PASSWORD } });
    await app.settle();
    expect(await held()).toEqual(readers.map(() => [kept.id]));
  });
});
