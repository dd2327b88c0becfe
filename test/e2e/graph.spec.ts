import { join } from 'node:path';
import { batches } from '../../src/common/batches.js';
import { type ApiClient, idsOf, Member } from '../support/api-client.js';
import type { Session } from '../support/contract.js';
import { memberFactory } from '../support/factories.js';
import { startProcess } from '../support/processes.js';
import { TestApp } from '../support/test-app.js';
import { testEnv } from '../support/test-config.js';

const EXTRACT = join(import.meta.dirname, '../fixtures/slashdot-2495.tsv.gz');
/** The most followed user of the extract. */
const AUTHOR = 'u2495';
const FOLLOWERS = 500;
const PASSWORD = 'sns-development';
/** Readers at a time. */
const AT_ONCE = 20;

describe('A part of a real social graph', () => {
  let app: TestApp;
  let author: Member;
  let followers: Member[];

  const login = async (api: ApiClient, username: string): Promise<Member> => {
    const { body } = await api.expect<Session>(200, 'POST', '/v1/auth/login', {
      body: { login: username, password: PASSWORD },
    });
    return new Member(api, body.user.id, body.accessToken, body);
  };

  const forAll = async (members: readonly Member[], work: (member: Member) => Promise<void>): Promise<void> => {
    for (const batch of batches(members, AT_ONCE)) await Promise.all(batch.map(work));
  };

  beforeAll(async () => {
    app = await TestApp.start();
    const load = await startProcess('load', testEnv(app.database.name), ['--graph', EXTRACT]);
    const exit = await load.exited;
    if (exit.code !== 0) throw new Error(`the load failed: ${load.errorLines.join('\n')}`);
    author = await login(app.api, AUTHOR);
    const rows = await app.database.query<{ id: string }>(
      'SELECT follower_id AS id FROM follows WHERE followee_id = ? ORDER BY follower_id',
      [author.id],
    );
    followers = rows.map(({ id }) => memberFactory(app.database, app.api)(id));
    await app.settle();
    await app.database.replicated();
  });
  afterAll(() => app?.close());

  it('has its most followed user, with all followers', async () => {
    expect(followers).toHaveLength(FOLLOWERS);
    expect((await author.user(author.id)).followerCount).toBe(FOLLOWERS);
  });

  it('gets a post of its most followed user into every feed, once', async () => {
    // Half of them have a feed that the post is delivered to; the others' is built when they read.
    await forAll(followers.slice(0, FOLLOWERS / 2), async (follower) => void (await follower.feed()));
    const stranger = await app.api.register();
    const earlier = await author.post('the first one');
    const post = await author.post('to everybody');
    expect(await author.feedIds()).toEqual([post.id, earlier.id]);
    await app.settle();

    const missing: string[] = [];
    await forAll([author, ...followers], async (member) => {
      const ids = idsOf(await member.walk(100));
      if (ids.length !== 2 || ids[0] !== post.id || ids[1] !== earlier.id) missing.push(member.id);
    });
    expect(missing).toEqual([]);
    expect(await stranger.feedIds()).toEqual([]);
    const copies = await app.redis.copiesOf(
      post.id,
      [author, ...followers].map(({ id }) => id),
    );
    expect([...copies.values()].filter((count) => count !== 1)).toEqual([]);
  });

  it('shows a follower who logs in what the author wrote', async () => {
    const [row] = await app.database.query<{ username: string }>('SELECT username FROM users WHERE id = ?', [
      followers[0]!.id,
    ]);
    const follower = await login(app.api, row!.username);
    const { items } = await follower.feed();
    expect(items.map(({ post }) => [post.author.username, post.content])).toEqual([
      [AUTHOR, 'to everybody'],
      [AUTHOR, 'the first one'],
    ]);
  });
});
