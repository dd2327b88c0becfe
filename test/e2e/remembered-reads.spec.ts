import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { ApiClient, type Member, PASSWORD } from '../support/api-client.js';
import { createFollows, createPosts, createUsers, memberFactory } from '../support/factories.js';
import { StatementLog } from '../support/statements.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';

/** Processes remember for a while what they have read of readers and authors; nobody may notice. */
describe('What an instance remembers', () => {
  let app: TestApp;
  let secondInstance: NestFastifyApplication;
  let log: StatementLog;
  /** The same user on both instances. */
  let members: (id: string) => [Member, Member];

  beforeAll(async () => {
    app = await TestApp.start();
    secondInstance = await listen(AppModule, app.config);
    log = new StatementLog(app.nest);
    const apis = [app.api, new ApiClient(urlOf(secondInstance))] as const;
    members = (id) => apis.map((api) => memberFactory(app.database, api)(id)) as [Member, Member];
  });
  afterAll(async () => {
    await secondInstance?.close();
    await app?.close();
  });

  /** A reader who has not written anything lately, and two posts of an author whom they follow. */
  async function readerOf(author: string): Promise<{ here: Member; there: Member; posts: string[] }> {
    const [reader] = (await createUsers(app.database, 1)) as [string];
    await createFollows(app.database, [[reader, author]]);
    const posts = await createPosts(app.database, author, [new Date(), new Date()]);
    await app.database.replicated();
    const [here, there] = members(reader);
    for (const instance of [here, there]) expect((await instance.feed()).items).toHaveLength(2);
    return { here, there, posts };
  }

  it('spares the database a second reading of the same page', async () => {
    const [author] = (await createUsers(app.database, 1)) as [string];
    const { here } = await readerOf(author);
    await here.feed({ limit: 1 }); // the tail below it is read from the database each time
    log.clear();
    const { items } = await here.feed({ limit: 1 });
    expect(items).toHaveLength(1);
    // Who wrote it is asked again after half a second, and who is large after a tenth.
    const asked = log.ofRequests.map(({ sql }) => sql).filter((sql) => !/FROM (users|large_authors)/.test(sql));
    expect(asked).toEqual([]);
  });

  it('does not hide what a reader likes on another instance', async () => {
    const [author] = (await createUsers(app.database, 1)) as [string];
    const { here, there, posts } = await readerOf(author);
    expect(await liked(here)).toEqual([]);
    await there.request('PUT', `/v1/posts/${posts[0]}/like`);
    expect(await liked(here)).toEqual([posts[0]]);
    await here.request('PUT', `/v1/posts/${posts[1]}/like`);
    expect(await liked(there)).toEqual(posts);
    await there.request('DELETE', `/v1/posts/${posts[0]}/like`);
    expect(await liked(here)).toEqual([posts[1]]);
  });

  const liked = async (reader: Member): Promise<string[]> =>
    (await reader.feed()).items.filter(({ post }) => post.likedByMe).map(({ post }) => post.id);

  it('does not hide a write whose note was lost', async () => {
    const [author] = (await createUsers(app.database, 1)) as [string];
    const { here, there, posts } = await readerOf(author);
    expect(await liked(here)).toEqual([]);
    await there.request('PUT', `/v1/posts/${posts[0]}/like`);
    await app.redis.command('del', `own-writes:${here.id}`);
    await app.database.replicated();
    expect(await liked(here)).toEqual([posts[0]]);
  });

  it('does not hide a write that only its repetition tells of', async () => {
    const [author] = (await createUsers(app.database, 1)) as [string];
    const { here, there, posts } = await readerOf(author);
    expect([await liked(here), await liked(there)]).toEqual([[], []]);
    // Its process has died before it could note the commit.
    await app.database.query('INSERT INTO likes (post_id, user_id, created_at) VALUES (?, ?, NOW(3))', [
      posts[0],
      here.id,
    ]);
    await there.request('PUT', `/v1/posts/${posts[0]}/like`);
    expect([await liked(here), await liked(there)]).toEqual([[posts[0]], [posts[0]]]);
  });

  it('does not show posts of whom a reader has left on another instance', async () => {
    const [author] = (await createUsers(app.database, 1)) as [string];
    const { here, there } = await readerOf(author);
    await there.unfollow({ id: author });
    expect((await here.feed()).items).toEqual([]);
    await here.follow({ id: author });
    expect((await there.feed()).items).toHaveLength(2);
  });

  it('shows nothing of an account that was deleted on another instance', async () => {
    const author = await app.api.register();
    const { here, there } = await readerOf(author.id);
    const [, authorThere] = members(author.id);
    const { status } = await authorThere.request('DELETE', '/v1/users/me', { body: { password: PASSWORD } });
    expect(status).toBe(202);
    for (const instance of [here, there]) expect((await instance.feed()).items).toEqual([]);
  });
});
