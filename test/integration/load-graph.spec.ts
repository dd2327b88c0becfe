import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GraphFile } from '../../src/tools/load-graph/graph-file.js';
import { GraphLoader, type LoadRequest } from '../../src/tools/load-graph/graph-loader.js';
import { LoadGraphModule } from '../../src/tools/load-graph/load-graph.module.js';
import { LoadReport } from '../../src/tools/load-graph/load-report.js';
import { PASSWORD } from '../support/api-client.js';
import { memberFactory } from '../support/factories.js';
import { TestApp } from '../support/test-app.js';

const EXTRACT = join(import.meta.dirname, '../fixtures/slashdot-2495.tsv.gz');
const USERS = 501;
const FOLLOWS = 4_070;

describe(GraphLoader.name, () => {
  let app: TestApp;
  let context: INestApplicationContext;
  let loader: GraphLoader;

  beforeAll(async () => {
    app = await TestApp.start({ env: { LOAD_PASSWORD: PASSWORD } });
    context = await NestFactory.createApplicationContext(LoadGraphModule.forRoot(app.config), { logger: false });
    loader = context.get(GraphLoader);
  });
  afterAll(async () => {
    await context?.close();
    await app?.close();
  });

  async function load(chunks: AsyncIterable<Buffer>, changes: Partial<LoadRequest> = {}): Promise<LoadReport> {
    const report = new LoadReport();
    const signal = new AbortController().signal;
    await loader.load({ chunks, report, strict: false, signal, onBadLine: () => {}, onProgress: () => {}, ...changes });
    return report;
  }

  const extract = async (): Promise<AsyncIterable<Buffer>> => (await GraphFile.open(EXTRACT)).chunks();

  const idOf = async (username: string): Promise<string> =>
    (await app.database.query<{ id: string }>('SELECT id FROM users WHERE username = ?', [username]))[0]!.id;

  /** Users whose counts are not what the follows say. */
  const wrongCounts = () =>
    app.database.query(
      `SELECT u.username FROM users u LEFT JOIN user_counts c ON c.user_id = u.id
        WHERE COALESCE(c.follower_count, 0) <> (SELECT COUNT(*) FROM follows f WHERE f.followee_id = u.id)
           OR COALESCE(c.following_count, 0) <> (SELECT COUNT(*) FROM follows f WHERE f.follower_id = u.id)`,
    );

  const importEvents = () =>
    app.database.query<{ payload: { followerIds: string[] } }>(
      "SELECT payload FROM outbox_events WHERE type = 'follows.imported'",
    );

  it('loads a graph once, even when two loads run at once', async () => {
    const reports = await Promise.all([load(await extract()), load(await extract())]);

    const sum = (of: (report: LoadReport) => number): number => of(reports[0]) + of(reports[1]);
    expect(sum((report) => report.usersCreated)).toBe(USERS);
    expect(sum((report) => report.followsCreated)).toBe(FOLLOWS);
    expect(reports.map((report) => report.followsRead)).toEqual([FOLLOWS, FOLLOWS]);
    const [stored] = await app.database.query<{ follows: string }>('SELECT COUNT(*) AS follows FROM follows');
    expect(Number(stored!.follows)).toBe(FOLLOWS);
    await expect(wrongCounts()).resolves.toEqual([]);
  });

  it('makes users who can log in and have their counts', async () => {
    const { body } = await app.api.expect<{ user: object }>(200, 'POST', '/v1/auth/login', {
      body: { login: 'u2495', password: PASSWORD },
    });
    expect(body.user).toMatchObject({
      username: 'u2495',
      email: 'u2495@example.test',
      displayName: 'u2495',
      followerCount: 500,
      followingCount: 500,
    });
  });

  it('changes nothing and drops no feed when it runs again', async () => {
    const before = await importEvents();
    const report = await load(await extract());
    expect([report.usersCreated, report.followsCreated, report.changedUsers.count]).toEqual([0, 0, 0]);
    expect([report.usersExisting, report.isComplete]).toEqual([USERS, true]);
    await expect(importEvents()).resolves.toEqual(before);
  });

  it('drops the feeds that exist of those who follow somebody new', async () => {
    const memberOf = memberFactory(app.database, app.api);
    const [reader, author] = await Promise.all([idOf('u2495'), app.api.register()]);
    const post = await author.post('before the load');
    await memberOf(reader).feed();
    await load(graph(`9000001\t2495\n`));
    await app.database.execute("UPDATE users SET username = 'u9000002' WHERE id = ?", [author.id]);
    await load(graph(`2495\t9000002\n`));
    await app.settle();

    const page = await memberOf(reader).feed();
    expect(page.items.map((item) => item.post.id)).toContain(post.id);
  });

  it('leaves right counts when users follow and unfollow meanwhile', async () => {
    const memberOf = memberFactory(app.database, app.api);
    await app.database.execute('DELETE FROM follows');
    await app.database.execute('UPDATE user_counts SET follower_count = 0, following_count = 0');
    const target = await idOf('u2495');
    const rows = await app.database.query<{ id: string }>("SELECT id FROM users WHERE username LIKE 'u%' LIMIT 20");
    const members = rows.filter(({ id }) => id !== target).map(({ id }) => memberOf(id));

    await Promise.all([
      load(await extract()),
      ...members.map(async (member, index) => {
        await member.follow({ id: target });
        if (index % 2 === 0) await member.unfollow({ id: target });
      }),
    ]);
    await expect(wrongCounts()).resolves.toEqual([]);
  }, 30_000);

  it('skips bad lines and tells each of them', async () => {
    const bad: [number, string, string][] = [];
    const chunks = graph('# x\n9000001\t9000003\r\n\n7\t7\n01\t2\n9000001\t9000003\n\x1b[2J');
    const report = await load(chunks, { onBadLine: (...line) => bad.push(line) });
    expect([report.badLines, report.followsRead, report.followsCreated, report.isComplete]).toEqual([3, 2, 1, true]);
    expect(bad).toEqual([
      [4, 'somebody who follows themself', '"7\\t7"'],
      [5, 'not two positive whole numbers with a tab between them', '"01\\t2"'],
      [7, 'not two positive whole numbers with a tab between them', '"\\u001b[2J"'],
    ]);
  });

  it('stops at the first bad line when it is strict', async () => {
    await expect(load(graph('9000001\t9000004\nx\n'), { strict: true })).rejects.toThrow('line 2: not two positive');
  });

  it('leaves out the follows of a deleted account', async () => {
    await load(graph('9000005\t9000006\n'));
    await app.database.execute("UPDATE users SET deleted_at = NOW(3) WHERE username = 'u9000006'");
    const report = await load(graph('9000007\t9000006\n9000007\t9000005\n'));
    expect([report.followsRead, report.followsCreated, report.followsRefused]).toEqual([2, 1, 1]);
  });

  it('stops between two batches when it is asked to, and goes on from there', async () => {
    const lines = Array.from({ length: 12_000 }, (_, index) => `${9_100_000 + (index % 200)}\t${9_200_000 + index}\n`);
    const stop = new AbortController();
    const stopped = await load(graph(lines.join('')), { signal: stop.signal, onProgress: () => stop.abort() });
    expect([stopped.isComplete, stopped.line, stopped.followsCreated]).toEqual([false, 5_000, 5_000]);

    const finished = await load(graph(lines.join('')));
    expect([finished.isComplete, finished.line, finished.followsCreated]).toEqual([true, 12_000, 7_000]);
    await expect(wrongCounts()).resolves.toEqual([]);
  });
});

async function* graph(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text, 'latin1');
}
