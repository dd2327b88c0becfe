import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Id } from '../../src/common/id.js';
import { AppModule } from '../../src/app.module.js';
import { WorkerModule } from '../../src/worker.module.js';
import { ApiClient, Member, PASSWORD } from '../support/api-client.js';
import type { Post, User } from '../support/contract.js';
import { DocumentedBackup } from '../support/documented-backup.js';
import { runLines } from '../support/documented.js';
import { FreshMysql } from '../support/fresh-mysql.js';
import { load, png, postWith, upload } from '../support/media.js';
import { countsEverywhere } from '../support/post-counts.js';
import { TestRedis } from '../support/redis.js';
import { settle, settleCounts } from '../support/settle.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';
import { testConfig, testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';
import { onServer, REPLICA_1 } from '../support/topology.js';

/** Natively only: with Compose the programs are in containers, which see neither this machine's files nor its ports. */
const PROGRAMS = process.env['STACK_PROGRAM_PATH'];
const suite = PROGRAMS === undefined ? describe.skip : describe;

/** What somebody sees: the whole feed, post by post, and the profiles. Addresses of media without their signatures. */
async function seenBy(member: Member, users: Id[]): Promise<{ feed: Post[]; profiles: User[] }> {
  const pages = await member.walk(4);
  const posts = pages.flatMap(({ items }) => items.map(({ post }) => post));
  const feed = posts.map((post) => ({
    ...post,
    media: post.media.map((medium) => ({ ...medium, url: medium.url.split('?')[0]! })),
  }));
  return { feed, profiles: await Promise.all(users.map((id) => member.user(id))) };
}

suite('When all follows were deleted by mistake, and MySQL is restored as docs/operations.md says', () => {
  const env = (changes = {}) => {
    const { NODE_OPTIONS: _, ...inherited } = testEnv(database.name, changes);
    return { ...inherited, PATH: `${PROGRAMS}:${process.env['PATH']}` };
  };
  const onlyFresh = () => ({ MYSQL_PRIMARY: fresh.address, MYSQL_REPLICAS: '' });
  let before: TestApp | undefined;
  let database: TestDatabase;
  let restored: TestDatabase | undefined;
  let backup: DocumentedBackup;
  let fresh: FreshMysql;
  let redis: TestRedis;
  const running = new Set<NestFastifyApplication>();

  let members: Member[];
  let posts: Id[];
  /** Committed after the mistake: lost, with its id. */
  let late: Post;
  /** Accepted while no worker ran: its fan-out is still to be done. */
  let undelivered: Post;
  let expected: Awaited<ReturnType<typeof seenBy>>[];
  let media: string;
  /** The transaction, as the operator finds it. */
  let mistake: string;

  async function run(...[root, config]: Parameters<typeof listen>): Promise<NestFastifyApplication> {
    const app = await listen(root, config);
    running.add(app);
    return app;
  }
  async function end(app: NestFastifyApplication): Promise<void> {
    running.delete(app);
    await app.close();
  }

  beforeAll(async () => {
    before = await TestApp.start({ worker: false });
    const { api } = before;
    database = before.database;
    const worker = await run(WorkerModule, before.config);
    members = await api.registerMany(5);
    const [ann, ben, cid, dan] = members as [Member, Member, Member, Member];
    for (const reader of [cid, dan]) for (const author of [ann, ben]) await reader.follow(author);
    const like = (who: Member, id: Id) => api.expect(200, 'PUT', `/v1/posts/${id}/like`, { token: who.token });
    const comment = (who: Member, id: Id) =>
      api.expect(201, 'POST', `/v1/posts/${id}/comments`, { token: who.token, body: { content: 'yes' } });
    const gone = await ann.post('deleted after the backup');
    const photo = await postWith(ann, await upload(ann, png(500)), 'with a picture');
    media = photo.media[0]!.url;
    posts = [photo.id, ...(await ann.postMany(3)), ...(await ben.postMany(3))];
    for (const id of posts) await like(cid, id);
    await comment(dan, posts[0]!);
    await settle(database);

    await onServer(REPLICA_1, 'FLUSH BINARY LOGS'); // so that the log of earlier tests is not fetched
    backup = new DocumentedBackup(REPLICA_1, database.name, env());
    await backup.fetch();
    await database.replicated();
    await backup.run('backUp');
    await backup.run('copy');

    const eve = await api.register();
    members.push(eve);
    await eve.follow(ann);
    await dan.unfollow(ben);
    await api.expect(204, 'DELETE', `/v1/posts/${gone.id}`, { token: ann.token });
    posts.push((await ben.post('after the backup')).id);
    await like(eve, posts[0]!);
    await comment(eve, posts[1]!);
    await backup.stopFetching(); // which may happen at any time
    await backup.fetch();
    await settle(database);
    const users = members.map(({ id }) => id);
    await end(worker);
    undelivered = await ann.post('the last one before the mistake');
    await like(dan, posts[0]!);
    expected = await Promise.all(members.map((member) => seenBy(member, users)));
    for (const seen of [expected[2]!, expected[3]!, expected[5]!]) {
      seen.feed = [undelivered, ...seen.feed.filter(({ id }) => id !== undelivered.id)];
    }

    await database.execute('DELETE FROM follows');
    late = await ann.post('after the mistake');
    await database.replicated();
    await backup.fetched();
    await backup.stopFetching();
    // Everything is lost now: the API, and the schema with it.
    redis = new TestRedis(before.config);
    await before.close();
    before = undefined;
  }, 120_000);
  afterAll(async () => {
    await Promise.all([...running].map(end));
    await redis?.close();
    try {
      await restored?.drop();
    } finally {
      await fresh?.remove();
      await backup?.remove();
    }
    await before?.close();
  });

  it('the mistake is found, and everything before it is there again', async () => {
    fresh = await FreshMysql.start(Number(process.env['STACK_SPARE_PORT']), PROGRAMS!);
    backup.restoreInto(fresh.socket, env(onlyFresh()));
    await backup.run('loadBackup');
    const found = (await backup.run('findMistake')).trim().split('\n');
    const [, rows, transaction] = /^(\d+) #\d+ [\d:]+ (\S+:\d+)$/.exec(found.at(-1)!)!;
    expect([found.length, rows]).toEqual([2, '4']); // before it somebody left one
    mistake = transaction!;
    await backup.run('goForward', { LEAVE_OUT: `${mistake}-9223372036854775806` });
    await backup.run('moveIds');

    restored = TestDatabase.at(database.name, onlyFresh());
    expect(await restored.query('SELECT 1 FROM follows')).toHaveLength(4);
    expect(await restored.query('SELECT 1 FROM posts WHERE id = ?', [late.id])).toEqual([]);
    expect(await restored.query("SELECT 1 FROM outbox_events WHERE state = 'pending'")).not.toEqual([]);
  }, 120_000);

  it('a feed is built, with posts, counts and media as they were, and what was not done is done', async () => {
    const [ann, ben, , , , eve] = members as [Member, Member, Member, Member, Member, Member];
    expect(await redis.exists(ann.id)).toBe(true);
    await backup.run('emptyRedis');
    expect(await redis.exists(ann.id)).toBe(false);
    await backup.run('migrate');
    const config = testConfig(database.name, onlyFresh());
    await run(WorkerModule, config);
    const api = new ApiClient(urlOf(await run(AppModule, config)));
    const now = members.map(({ id, token }) => new Member(api, id, token));
    await settle(restored!, 30_000);
    await settleCounts(restored!, 30_000);
    const users = members.map(({ id }) => id);
    expect(await Promise.all(now.map((member) => seenBy(member, users)))).toEqual(expected);
    expect((await load(media)).status).toBe(200);
    for (const id of posts) {
      const { rows, mysql, api: answered, redis: kept } = await countsEverywhere(restored!, redis, now[0]!, id);
      expect([mysql, answered, kept ?? rows]).toEqual([rows, rows, rows]);
    }

    const { username } = eve.session!.user;
    await api.expect(200, 'POST', '/v1/auth/login', { body: { login: username, password: PASSWORD } });
    const next = await now[1]!.post('after the restore');
    expect(BigInt(next.id)).toBeGreaterThan(BigInt(late.id));
    await settle(restored!);
    expect(await now[2]!.feedIds()).toEqual([next.id, ...expected[2]!.feed.map(({ id }) => id)]);
    expect(next.author.id).toBe(ben.id);
  }, 120_000);

  it('the same from a physical copy, and what came after the mistake too, when only that is left out', async () => {
    await Promise.all([...running].map(end));
    await restored!.drop();
    restored = undefined;
    await fresh.remove();
    fresh = await FreshMysql.start(Number(process.env['STACK_SPARE_PORT']), PROGRAMS!, backup.data);
    backup.restoreInto(fresh.socket, env(onlyFresh()));
    await backup.run('forgetPrimary');
    await backup.run('goForward', { LEAVE_OUT: mistake });
    expect(backup.leftOut()).toEqual([]);

    restored = TestDatabase.at(database.name, onlyFresh());
    expect(await restored.query('SELECT 1 FROM follows')).toHaveLength(4);
    expect(await restored.query('SELECT 1 FROM posts WHERE id = ?', [late.id])).toHaveLength(1);
    const operate = (...args: string[]) => runLines(`node dist/mysql.js ${args.join(' ')}`, env(onlyFresh()));
    await operate('promote', fresh.address, '--old-primary-is-gone');
    expect(await operate('status || true')).toMatch(new RegExp(`^${fresh.address} +primary +yes`, 'm'));
  }, 120_000);
});
