import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../src/app.module.js';
import { WorkerModule } from '../../src/worker.module.js';
import { IdempotencyCleanupJob } from '../../src/infrastructure/idempotency/idempotency-cleanup.job.js';
import { OutboxCleanupJob } from '../../src/infrastructure/outbox/outbox-cleanup.job.js';
import { OutboxCommandModule } from '../../src/tools/outbox/outbox-command.module.js';
import { OutboxOperator } from '../../src/tools/outbox/outbox-operator.js';
import { SessionCleanupJob } from '../../src/modules/auth/session-cleanup.job.js';
import { FeedAudit } from '../../src/modules/feeds/feed-audit.js';
import { MediaCleanupJob } from '../../src/modules/media/media-cleanup.job.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiClient, PASSWORD, type Member } from '../support/api-client.js';
import type { Comment } from '../support/answers.js';
import type { Page, Post, Session, TokenPair } from '../support/contract.js';
import { FILLED_TABLES, fillSchema, PASSING_TABLES } from '../support/filled-schema.js';
import { TestRedis } from '../support/redis.js';
import { settle, until } from '../support/settle.js';
import { StatementLog, type Statement } from '../support/statements.js';
import { png, postWith, upload } from '../support/media.js';
import { listen, urlOf } from '../support/test-app.js';
import { readVSchema, routeOf, type Route } from '../support/vschema.js';
import { testConfig } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

/** A line of EXPLAIN. */
interface Step {
  table: string | null;
  type: string | null;
  key: string | null;
  rows: string | number | null;
  Extra: string | null;
}

/** Plans that look expensive and are not, with the reason. */
const ALLOWED: { sql: RegExp; step: RegExp; reason: string }[] = [
  {
    sql: /AS pulled/,
    step: /^large_authors: (sort|temporary)/,
    reason:
      'the posts of followed large authors since the last reading: there are few such authors, each gives at most as ' +
      'many rows as the feed holds, read by an index, and only those are sorted',
  },
  {
    sql: /AS recent/,
    step: /^<derived\d+>: (sort|temporary)/,
    reason:
      'the newest posts of each followed author: every author gives at most as many rows as the feed holds, read by ' +
      'an index, and only those are sorted',
  },
  {
    sql: /^SELECT post_id FROM post_count_checks LIMIT/,
    step: /^post_count_checks: full scan/,
    reason: 'a figure for operators, which stops at a thousand rows',
  },
];

/**
 * Statements that Vitess would send to every shard, or would refuse; docs/decisions/0011-sharding-on-vitess.md says what
 * takes their place.
 */
const BEYOND_A_SHARD: [Route, RegExp][] = [
  ['all', /refresh_tokens`? WHERE `?(token_hash|family_id)`? = /],
  ['all', /FROM follows WHERE follower_id (= \?(?! AND followee_id IN)|IN \(\?\))/],
  ['all', /FROM likes WHERE user_id = \? ORDER BY post_id DESC LIMIT/],
  ['all', /FROM large_authors ORDER BY user_id LIMIT/],
  ['all', /FROM posts .*author_id = \? AND (id <|created_at >=)/],
  ['all', /FROM users WHERE (username|display_name) LIKE /],
  ['all', /FROM outbox_events WHERE state = 'pending' AND (\(lease_token|lane <> 'parked')/],
  ['all', /FROM outbox_events WHERE state = 'finished' AND finished_at BETWEEN/],
  ['all', /FROM outbox_events FORCE INDEX \(ix_outbox_(type|lane)\) WHERE state = 'pending' (GROUP BY|AND lane = \?)/],
  ['all', /FROM session_revocations WHERE created_at >= /],
  ['all', /FROM post_count_changes (ORDER BY id|WHERE id IN)/],
  ['all', /FROM post_count_checks (WHERE due_at <=|LIMIT)/],
  ['all', /FROM (comments WHERE author_id|likes WHERE user_id) = \? ORDER BY .* FOR UPDATE/],
  ['all', /^DELETE FROM \w+ WHERE (created_at|expires_at|state = 'finished' AND finished_at) < \? LIMIT /],
  ['all', /FROM media_objects WHERE due_at <= /],
  ['refused', /^INSERT INTO (posts \(|`outbox_events`)/],
  ['refused', /^INSERT INTO idempotency_keys .* UPDATE user_id = user_id/],
  ['refused', /JSON_TABLE|LATERAL/],
];

describe('The plans of all statements', () => {
  let database: TestDatabase;
  let api: NestFastifyApplication;
  let worker: NestFastifyApplication;
  let log: StatementLog;

  beforeAll(async () => {
    database = await TestDatabase.create();
    await fillSchema(database);
    const config = testConfig(database.name);
    api = await listen(AppModule, config);
    worker = await listen(WorkerModule, config);
    log = new StatementLog(api, worker);
    await useEverything(new ApiClient(urlOf(api)));
  }, 120_000);
  afterAll(async () => {
    await api?.close();
    await worker?.close();
    await database?.drop();
  });

  /** Calls every route and runs every job. */
  async function useEverything(client: ApiClient): Promise<void> {
    const [ann, bob] = (await client.registerMany(2)) as [Member, Member];
    const [popular] = await database.query<{ id: string }>('SELECT MIN(id) AS id FROM users');
    const call = <T>(who: Member, status: number, method: string, path: string, body?: unknown) =>
      client.expect<T>(status, method, path, { token: who.token, ...(body !== undefined && { body }) });
    const { username, email } = ann.session!.user;
    for (const login of [username, email]) {
      await call<Session>(ann, 200, 'POST', '/v1/auth/login', { login, password: PASSWORD });
    }
    const { refreshToken } = ann.session!;
    const next = await call<TokenPair>(ann, 200, 'POST', '/v1/auth/refresh', { refreshToken });
    await call(ann, 200, 'PATCH', '/v1/users/me', { displayName: 'Ann', bio: 'x' });
    await call(ann, 200, 'GET', '/v1/users/me');
    await call(ann, 200, 'GET', `/v1/users/by-username/${username}`);
    for (const id of [bob.id, popular!.id]) {
      await call(ann, 204, 'PUT', `/v1/users/${id}/follow`);
      for (const list of ['', '/posts', '/followers', '/following']) {
        await call(ann, 200, 'GET', `/v1/users/${id}${list}`);
      }
    }
    await call(bob, 204, 'PUT', `/v1/users/${ann.id}/follow`);
    for (const query of ['bulk_1', 'Display 1', 'zzz', 'é']) await everyPage(ann, `/v1/users?query=${query}`);

    const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
    const options = { token: bob.token, headers, body: { content: 'a post' } };
    const { body: post } = await client.expect<Post>(201, 'POST', '/v1/posts', options);
    await client.expect(201, 'POST', '/v1/posts', options);
    const goner = await postWith(bob, await upload(bob, png(), png()));
    await useMultipart(bob);
    for (const avatarKey of [...(await upload(bob, png())), null, ...(await upload(bob, png()))]) {
      await call(bob, 200, 'PATCH', '/v1/users/me', { avatarKey });
    }
    const [twice] = await upload(bob, png());
    await Promise.all(
      [1, 2].map(() => bob.request('POST', '/v1/posts', { body: { content: '', mediaKeys: [twice] } })),
    );
    await call(bob, 200, 'PATCH', `/v1/posts/${post.id}`, { content: 'edited' });
    for (const id of [post.id, goner.id]) {
      await call(ann, 200, 'PUT', `/v1/posts/${id}/like`);
      const { body: parent } = await call<Comment>(ann, 201, 'POST', `/v1/posts/${id}/comments`, { content: 'x' });
      await call(bob, 201, 'POST', `/v1/posts/${id}/comments`, { content: 'y', parentId: parent.id });
      for (const list of ['', '/comments', '/likes']) await everyPage(ann, `/v1/posts/${id}${list}`);
      await call(ann, 200, 'PATCH', `/v1/comments/${parent.id}`, { content: 'z' });
      await call(ann, 200, 'GET', `/v1/comments/${parent.id}`);
      if (id === post.id) await call(ann, 204, 'DELETE', `/v1/comments/${parent.id}`);
    }
    await settle(database);
    for (const who of [ann, bob]) await everyPage(who, '/v1/feed?limit=5', 5);
    await call(ann, 200, 'DELETE', `/v1/posts/${post.id}/like`);
    await call(bob, 204, 'DELETE', `/v1/posts/${goner.id}`);
    await call(ann, 204, 'DELETE', `/v1/users/${popular!.id}/follow`);
    const passwords = { currentPassword: PASSWORD, newPassword: PASSWORD };
    await call(bob, 204, 'PUT', '/v1/users/me/password', passwords);
    await call(ann, 204, 'POST', '/v1/auth/logout', { refreshToken: next.body.refreshToken });
    await settle(database);
    await call(bob, 202, 'DELETE', '/v1/users/me', { password: PASSWORD });
    await settle(database);
    const redis = new TestRedis(database.config);
    // A worker of another test file, which shares the cluster, may have had the turn within the last minute.
    await redis.command('del', 'job:{media-cleanup}:turn');
    for (const job of [OutboxCleanupJob, IdempotencyCleanupJob, SessionCleanupJob, MediaCleanupJob]) {
      await worker.get(job, { strict: false }).run();
    }
    // Something is wrong with a feed.
    await redis.command('zadd', redis.feedKey(ann.id), 1, '1:1:0');
    await database.replicated();
    await worker.get(FeedAudit, { strict: false }).look([redis.feedKey(ann.id)]);
    expect((await redis.members(ann.id)).includes('1:1:0')).toBe(false);
    await redis.close();
    // The schema says that a master of Redis was another one.
    const isReplayed = () => log.all.some(({ sql }) => sql.startsWith('UPDATE redis_watch SET replay_from = NULL'));
    await until(isReplayed, { what: 'the replay after a failover', timeoutMs: 30_000 });
    await settle(database);
    const isListening = () => log.all.some(({ sql }) => sql.includes('FROM session_revocations'));
    await until(isListening, { what: 'the look-up of ended sessions' });
    await client.request('GET', '/health/ready');
    await client.request('GET', '/metrics');
    await new ApiClient(urlOf(worker)).request('GET', '/metrics');
    await useOutboxCommand();
  }

  /** Looks at some of many parked jobs. */
  async function useOutboxCommand(): Promise<void> {
    const never = new Date('9999-12-31T00:00:00Z');
    const parked = Array.from({ length: 2_000 }, () => ['test.parked', '{}', 'parked', never, new Date()]);
    await database.query('INSERT INTO outbox_events (type, payload, lane, available_at, created_at) VALUES ?', [
      parked,
    ]);
    const context = await NestFactory.createApplicationContext(OutboxCommandModule.forRoot(testConfig(database.name)), {
      logger: false,
    });
    log.watch(context);
    const operator = context.get(OutboxOperator);
    const { jobs } = await operator.list({ parked: true, limit: 10 });
    await operator.show(jobs[0]!.id);
    await operator.retry([jobs[0]!.id]);
    await context.close();
  }

  async function useMultipart(who: Member): Promise<void> {
    const body = { fileName: 'a.mp4', contentType: 'video/mp4', size: 10 };
    const begun = await who.request<{ key: string }>('POST', '/v1/media/multipart-uploads', { body });
    await who.request('POST', '/v1/media/multipart-uploads/abort', { body: { key: begun.body.key } });
  }

  async function everyPage(who: Member, path: string, most = 3): Promise<void> {
    let cursor: string | null = null;
    for (let i = 0; i < most; i++) {
      const at: string = cursor === null ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`;
      const page: Page<unknown> = await who.get(path + at);
      cursor = page.nextCursor ?? null;
      if (cursor === null) return;
    }
  }

  /** The statements that read or write tables; what differs in nothing comes once. */
  function distinct(statements: readonly Statement[]): Statement[] {
    const onTables = statements.filter(({ sql }) =>
      /^\s*(SELECT|INSERT|UPDATE|DELETE)\b[^]*\b(FROM|INTO|UPDATE|JOIN)\s+`?[a-z_]+/i.test(sql),
    );
    return [...new Map(onTables.map((statement) => [JSON.stringify(statement), statement])).values()];
  }

  it('use an index on every table that grows, and sort nothing that grows', async () => {
    const statements = distinct(log.all);
    expect(new Set(statements.map(({ sql }) => shapeOf(sql))).size).toBeGreaterThan(60);
    const found = new Set<string>();
    const used = new Set<RegExp>();
    for (const { sql, parameters } of statements) {
      const steps = await database.query<Step>(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, parameters);
      for (const problem of steps.flatMap(problemsOf)) {
        const allowed = ALLOWED.find((exception) => exception.sql.test(sql) && exception.step.test(problem));

        if (allowed) used.add(allowed.sql);
        else found.add(`${problem} in ${shapeOf(sql)}`);
      }
    }
    expect([...found]).toEqual([]);
    // An exception that nothing needs any more is out of date.
    expect(ALLOWED.filter(({ sql }) => !used.has(sql))).toEqual([]);
  });

  it.each([
    ['whom a post goes to', /follower_id > \?/, 'follows', 'range', 'PRIMARY'],
    ['whom a reader follows', /followee_id > \?/, 'follows', 'range', 'ix_follows_follower'],
    ["an author's posts", /^SELECT id FROM posts .*\bauthor_id = \? AND id < \?/s, 'posts', 'range', 'ix_posts_author'],
    ["each author's posts for a feed", /AS older/, 'posts', 'ref', 'ix_posts_author'],
    ["each author's newest posts", /AS recent/, 'posts', 'ref', 'ix_posts_author_created'],
    ['who likes a post', /user_id > \? ORDER BY user_id/, 'likes', 'range', 'PRIMARY'],
    ['the jobs of a lane that are due', /lane = \? AND available_at >= \?/, 'outbox_events', 'range', 'ix_outbox_lane'],
    ['the parked jobs of a type', /lane = \? AND type = \? AND id > \?/, 'outbox_events', 'range', 'ix_outbox_type'],
    ['the comments of a post', /^SELECT id FROM comments WHERE post_id = \?/, 'comments', 'range', 'ix_comments_post'],
  ])('walk %s by key, in the order of the key', async (_, sql, table, type, key) => {
    const statements = distinct(log.all).filter((statement) => sql.test(statement.sql));
    expect(statements).not.toEqual([]);
    for (const statement of statements) {
      const steps = await database.query<Step>(`EXPLAIN FORMAT=TRADITIONAL ${statement.sql}`, statement.parameters);
      const walks = steps.filter((step) => step.table === table);
      expect(walks).toEqual([expect.objectContaining({ type, key })]);
      expect(walks[0]!.Extra ?? '').not.toMatch(/filesort|temporary/);
    }
  });

  it('look into an index once a lane for jobs that are due', async () => {
    const looks = distinct(log.all).filter(({ sql }) => sql.startsWith('SELECT EXISTS'));
    expect(looks).not.toEqual([]);
    const { sql, parameters } = looks[0]!;
    const steps = await database.query<Step>(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, parameters);
    const walks = steps.filter(({ table }) => table === 'outbox_events');
    expect(walks).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ type: 'range', key: 'ix_outbox_lane' })),
    );
  });

  it('would reach one shard or the shards of a list, but for those that are known not to', () => {
    const vschema = readVSchema();
    const ofTables = distinct(log.all).filter(({ sql }) =>
      [...FILLED_TABLES, ...PASSING_TABLES].some((table) => sql.includes(table)),
    );
    const beyond = ofTables
      .map(({ sql }) => ({ route: routeOf(sql, vschema), sql: shapeOf(sql) }))
      .filter(({ route }) => route === 'all' || route === 'refused');
    const isKnown = ([route, sql]: [Route, RegExp], found: (typeof beyond)[number]) =>
      route === found.route && sql.test(found.sql);
    expect(beyond.filter((found) => !BEYOND_A_SHARD.some((known) => isKnown(known, found)))).toEqual([]);
    expect(BEYOND_A_SHARD.filter((known) => !beyond.some((found) => isKnown(known, found)))).toEqual([]);
  });

  it('were made for every table', () => {
    const text = log.all.map(({ sql }) => sql).join('\n');
    expect([...FILLED_TABLES, ...PASSING_TABLES].filter((table) => !new RegExp(`\\b${table}\\b`).test(text))).toEqual(
      [],
    );
  });

  it('would show a scan and a sort', async () => {
    const scan = await database.query<Step>("EXPLAIN FORMAT=TRADITIONAL SELECT id FROM posts WHERE content = 'x'");
    expect(scan.flatMap(problemsOf)).toEqual([expect.stringContaining('full scan of posts')]);
    const sort = await database.query<Step>(
      'EXPLAIN FORMAT=TRADITIONAL SELECT id FROM comments WHERE author_id > 1 ORDER BY created_at LIMIT 5',
    );
    expect(sort.flatMap(problemsOf).join()).toContain('sort');
    const index = await database.query<Step>('EXPLAIN FORMAT=TRADITIONAL SELECT COUNT(*) FROM likes');
    expect(index.flatMap(problemsOf)).toEqual([expect.stringContaining('full scan of likes')]);
  });
});

const shapeOf = (sql: string): string =>
  sql
    .replace(/\s+/g, ' ')
    .replace(/\((\?,? ?)+\)/g, '(?)')
    .trim();

/** What is wrong with a step of a plan, if anything. */
function problemsOf({ table, type, key, rows, Extra }: Step): string[] {
  const problems: string[] = [];
  const extra = Extra ?? '';
  const count = Number(rows ?? 0);
  // What a derived table holds is only guessed, before it is there.
  const isDerived = table?.startsWith('<') ?? false;
  if ((type === 'ALL' || type === 'index') && !isDerived && count > SMALL) {
    problems.push(`${table}: full scan of ${table} (${type}, ${key ?? 'no index'}, ${count} rows)`);
  }
  if (extra.includes('Using filesort') && (isDerived || count > SMALL)) {
    problems.push(`${table}: sort of ${count} rows (${extra})`);
  }
  // A table function is a list that the statement brings with it.
  if (extra.includes('Using temporary') && !extra.includes('Table function')) {
    problems.push(`${table}: temporary table for ${count} rows (${extra})`);
  }
  return problems;
}

/** Rows that may be read whole, or sorted: a page. With an index MySQL counts them for the parameters at hand. */
const SMALL = 101;
