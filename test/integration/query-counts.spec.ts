import { Member } from '../support/api-client.js';
import type { Page, Post } from '../support/contract.js';
import { createFollows, createPosts, createUsers, memberFactory } from '../support/factories.js';
import { StatementLog } from '../support/statements.js';
import { TestApp } from '../support/test-app.js';

const MANY = 100;
/** More than pages are asked for: each has a reader of its own, of whom the process remembers nothing. */
const READERS = 50;

/** A page of anything costs a constant number of statements, however many items it has. */
describe('The number of statements for a page', () => {
  let app: TestApp;
  let log: StatementLog;
  let readers: Member[];
  let members: (id: string) => Member;
  /** Ids to ask about, with one and with many items in each of their lists. */
  let few: Record<'user' | 'post', string>;
  let many: Record<'user' | 'post', string>;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    log = new StatementLog(app.nest);
    members = memberFactory(app.database, app.api);
    const users = await createUsers(app.database, MANY + 2);
    const [fewUser, manyUser, ...others] = users as [string, string, ...string[]];
    readers = (await createUsers(app.database, READERS)).map(members);
    few = await withItems(fewUser, others.slice(0, 1));
    many = await withItems(manyUser, others);
    await app.database.replicated();
  });
  afterAll(() => app?.close());

  /** A user with as many followers, followees and posts, and a post with as many likes and comments, as there are others. */
  async function withItems(user: string, others: string[]): Promise<Record<'user' | 'post', string>> {
    await createFollows(app.database, [
      ...others.map((other): [string, string] => [other, user]),
      ...others.map((other): [string, string] => [user, other]),
    ]);
    const now = Date.now();
    const [post] = await createPosts(
      app.database,
      user,
      others.map((_, index) => new Date(now - index)),
    );
    for (const other of others) await createPosts(app.database, other, [new Date(now)]);
    const likes = others.map((other) => [post, other, new Date()]);
    await app.database.execute('INSERT INTO likes (post_id, user_id, created_at) VALUES ?', [likes]);
    const comments = others.map((other) => [post, other, 'a comment', new Date()]);
    await app.database.execute('INSERT INTO comments (post_id, author_id, content, created_at) VALUES ?', [comments]);
    return { user, post: post! };
  }

  const newReader = (): Member => readers.pop()!;

  async function cost(who: Member, path: string): Promise<{ items: number; statements: string[] }> {
    log.clear();
    const { items } = await who.get<{ items: unknown[] }>(path);
    return { items: items.length, statements: withoutSummaries(log.ofRequests.map(({ sql }) => sql)).toSorted() };
  }

  /** Without the one statement for who stands beside the items, whom a process remembers for half a second. */
  function withoutSummaries(statements: string[]): string[] {
    const at = statements.findIndex((sql) => /^SELECT id, username, .* FROM users\s+WHERE id IN/s.test(sql));
    return at < 0 ? statements : statements.toSpliced(at, 1);
  }

  it.each([
    '/v1/users/:user/posts',
    '/v1/users/:user/followers',
    '/v1/users/:user/following',
    '/v1/posts/:post/comments',
    '/v1/posts/:post/likes',
  ])(`of %s is the same for 1 and for ${MANY} items`, async (template) => {
    const path = ({ user, post }: typeof few) => `${template.replace(':user', user).replace(':post', post)}?limit=100`;
    const small = await cost(newReader(), path(few));
    const large = await cost(newReader(), path(many));
    expect([small.items, large.items]).toEqual([1, MANY]);
    expect(small.statements.length).toBeGreaterThan(0);
    expect(large.statements).toEqual(small.statements);
  });

  it(`of a search is the same for 1 and for ${MANY} items, by username and by display name`, async () => {
    const rows = Array.from({ length: MANY }, (_, index) => index).flatMap((index) => [
      [`many_${index}`, `many_${index}@example.test`, '!', 'x', new Date()],
      [`by_name_${index}`, `by_name_${index}@example.test`, '!', `Several ${index}`, new Date()],
    ]);
    rows.push(
      ['single', 'single@example.test', '!', 'x', new Date()],
      ['y', 'y@example.test', '!', 'Lone', new Date()],
    );
    await app.database.execute(
      'INSERT INTO users (username, email, password_hash, display_name, created_at) VALUES ?',
      [rows],
    );
    await app.database.replicated();
    for (const [one, lots] of [
      ['single', 'many_'],
      ['Lone', 'Several'],
    ]) {
      const small = await cost(newReader(), `/v1/users?limit=100&query=${one}`);
      const large = await cost(newReader(), `/v1/users?limit=100&query=${lots}`);
      expect([small.items, large.items]).toEqual([1, MANY]);
      // The one that has no room for display names left does not ask for them.
      expect(new Set(small.statements)).toEqual(new Set(large.statements));
      expect(small.statements.length).toBe(large.statements.length);
    }
  });

  it.each([
    ['head', ''],
    ['tail', Buffer.from('1:feed:tail:9223372036854775807').toString('base64url')],
  ])(`of the feed is the same for 1 and for ${MANY} items in its %s`, async (_, cursor) => {
    const at = cursor === '' ? '' : `&cursor=${cursor}`;
    const [lone, busy] = await createUsers(app.database, 2);
    const followees = await createUsers(app.database, MANY);
    await createPosts(app.database, lone!, [new Date()]);
    await createFollows(
      app.database,
      followees.map((followee) => [busy!, followee]),
    );
    for (const followee of followees) await createPosts(app.database, followee, [new Date()]);
    await app.database.replicated();
    for (const id of [lone!, busy!]) await members(id).feed({ limit: 100 }); // builds the feed, and caches the posts
    await app.database.replicated();

    const small = await cost(members(lone!), `/v1/feed?limit=100${at}`);
    const large = await cost(members(busy!), `/v1/feed?limit=100${at}`);
    expect([small.items, large.items]).toEqual([1, MANY]);
    // No statement is asked twice. Whose posts of others are shown is asked only if there are any, and who is a large author
    // unless that is remembered of the page before, for a tenth of a second.
    expect(new Set(large.statements).size).toBe(large.statements.length);
    const added = large.statements.filter((sql) => !small.statements.includes(sql));
    expect(added.filter((sql) => !/FROM (follows|large_authors) /.test(sql))).toEqual([]);
  });

  it('of posts with media is that of posts without, cached or not', async () => {
    const [plain, pictured] = (await createUsers(app.database, 2)) as [string, string];
    for (const user of [plain, pictured]) {
      const posts = await createPosts(
        app.database,
        user,
        Array.from({ length: 20 }, (_, index) => new Date(Date.now() - index)),
      );
      if (user === plain) continue;
      const media = posts.flatMap((post) =>
        [0, 1].map((at) => [post, at, `published/${user}/${post}-${at}.png`, 'image/png']),
      );
      await app.database.execute('INSERT INTO post_media (post_id, position, object_key, content_type) VALUES ?', [
        media,
      ]);
    }
    await app.database.replicated();
    const costs = async (user: string) => (await cost(newReader(), `/v1/users/${user}/posts?limit=20`)).statements;
    for (const isCached of [false, true]) {
      const statements = await costs(pictured);
      expect([isCached, statements]).toEqual([isCached, await costs(plain)]);
      expect(statements.some((sql) => /FROM posts WHERE id IN/.test(sql))).toBe(!isCached);
    }
    const page = await newReader().get<Page<Post>>(`/v1/users/${pictured}/posts?limit=20`);
    expect(page.items.map(({ id, media }) => media.map(({ url }) => url.includes(`/${id}-`)))).toEqual(
      Array.from({ length: 20 }, () => [true, true]),
    );
  });

  it('of a single thing is small', async () => {
    for (const [path, most] of [
      [`/v1/users/${many.user}`, 2],
      [`/v1/posts/${many.post}`, 4],
      ['/v1/users/me', 1],
    ] as const) {
      log.clear();
      await newReader().get(path);
      expect([path, log.ofRequests.length <= most, log.ofRequests.map(({ sql }) => sql)]).toEqual([
        path,
        true,
        expect.any(Array),
      ]);
    }
  });
});
