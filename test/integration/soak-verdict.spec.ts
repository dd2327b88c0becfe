import type { Member } from '../support/api-client.js';
import type { Comment } from '../support/answers.js';
import { settleCounts } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import { Ledger } from '../soak/ledger.js';
import { SoakVerdict } from '../soak/soak-verdict.js';

/** What the soak relies on: that its oracle is content with what is right, and finds what is not. */
describe(SoakVerdict.name, () => {
  let app: TestApp;
  let ledger: Ledger;
  let ann: Member;
  let bob: Member;
  let post: string;

  beforeEach(async () => {
    app = await TestApp.start();
    ledger = new Ledger();
    [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
    await bob.follow(ann);
    ledger.follows.add(`${bob.id} ${ann.id}`);
    await bob.feed();
    for (const content of ['one', 'two', 'three']) {
      post = (await ann.post(content)).id;
      ledger.posts.set(post, { authorId: ann.id, content, isDeleted: false });
    }
    await bob.request('PUT', `/v1/posts/${post}/like`);
    ledger.likes.add(`${bob.id} ${post}`);
    const options = { token: bob.token, body: { content: 'a comment' } };
    const comment = await app.api.expect<Comment>(201, 'POST', `/v1/posts/${post}/comments`, options);
    ledger.comments.set(comment.body.id, { postId: post, authorId: bob.id, content: 'a comment' });
    await app.settle();
    await settleCounts(app.database);
    await app.database.replicated();
  });
  afterEach(() => app?.close());

  const verdict = async (): Promise<string> => {
    await app.database.replicated();
    return (await new SoakVerdict(ledger, app.database, app.redis, [ann, bob]).find()).join('\n');
  };
  const change = (sql: string, ...values: unknown[]) => app.database.execute(sql, values);

  it('is content when all is well', async () => {
    expect(await verdict()).toBe('');
  });

  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['a like is lost', /likes lost, 1/, () => change('DELETE FROM likes')],
    ['a comment is lost', /comments lost, 1/, () => change('DELETE FROM comments')],
    ['a follow is lost', /follows lost, 1/, () => change('DELETE FROM follows')],
    ['a post is lost', /posts lost, 1/, () => change('UPDATE posts SET deleted_at = created_at WHERE id = ?', post)],
    [
      'a post is there twice',
      /a post twice/,
      () =>
        change(
          'INSERT INTO posts (author_id, content, created_at) SELECT author_id, content, created_at FROM posts LIMIT 1',
        ),
    ],
    ['an edit is lost', /posts lost, 1/, () => change("UPDATE posts SET content = 'other' WHERE id = ?", post)],
    [
      'a deleted post is still there',
      /posts that nobody made, 1/,
      async () => void (ledger.posts.get(post)!.isDeleted = true),
    ],
    [
      'a like is of no post',
      /a like without its post/,
      () => change('INSERT INTO likes (post_id, user_id, created_at) VALUES (1, ?, NOW())', ann.id),
    ],
    [
      'likes are miscounted',
      /likes or comments that are miscounted/,
      () => change('UPDATE post_counts SET like_count = 7'),
    ],
    [
      'followers are miscounted',
      /posts or follows that are miscounted/,
      () => change('UPDATE user_counts SET follower_count = 7'),
    ],
    ['a post was never handed to the worker', /a post without its event/, () => change('DELETE FROM outbox_events')],
    [
      'a job was given up',
      /a job that was given up/,
      () => change("UPDATE outbox_events SET state = 'pending', lane = 'parked'"),
    ],
    [
      'a post is not in a feed',
      /the feed of \d+ lacks \d+/,
      () => app.redis.command('zremrangebyscore', app.redis.feedKey(bob.id), post, post),
    ],
    [
      'Redis counts otherwise',
      /counts of \d+/,
      () => app.redis.command('hset', `post:{${post}}:counts`, 'likes', 9, 'comments', 9),
    ],
  ])('finds that %s', async (_, named, damage) => {
    await damage();
    expect(await verdict()).toMatch(named);
  });
});
