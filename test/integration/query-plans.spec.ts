import { randomBytes } from 'node:crypto';
import { AppModule } from '../../src/app.module.js';
import { WorkerModule } from '../../src/worker.module.js';
import { IdempotencyCleanupJob } from '../../src/infrastructure/idempotency/idempotency-cleanup.job.js';
import { OutboxCleanupJob } from '../../src/infrastructure/outbox/outbox-cleanup.job.js';
import { SessionCleanupJob } from '../../src/modules/auth/session-cleanup.job.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiClient, PASSWORD, type Member } from '../support/api-client.js';
import type { Comment } from '../support/answers.js';
import type { Page, Post, Session, TokenPair } from '../support/contract.js';
import { settle, until } from '../support/settle.js';
import { StatementLog, type Statement } from '../support/statements.js';
import { listen, urlOf } from '../support/test-app.js';
import { testConfig } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

/** Users of the filled schema; the other tables have a few times as many rows. */
const USERS = 20_000;

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
    sql: /AS recent/,
    step: /^<derived\d+>: (sort|temporary)/,
    reason:
      'the newest posts of each followed author: every author gives at most as many rows as the feed holds, read by ' +
      'an index, and only those are sorted',
  },
];

describe('The plans of all statements', () => {
  let database: TestDatabase;
  let api: NestFastifyApplication;
  let worker: NestFastifyApplication;
  let log: StatementLog;

  beforeAll(async () => {
    database = await TestDatabase.create();
    await fill(database);
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
    const goner = await bob.post();
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
    for (const job of [OutboxCleanupJob, IdempotencyCleanupJob, SessionCleanupJob]) {
      await worker.get(job, { strict: false }).run();
    }
    const isListening = () => log.all.some(({ sql }) => sql.includes('FROM session_revocations'));
    await until(isListening, { what: 'the look-up of ended sessions' });
    await client.request('GET', '/health/ready');
    await client.request('GET', '/metrics');
    await new ApiClient(urlOf(worker)).request('GET', '/metrics');
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

  it('were made for every table', () => {
    const text = log.all.map(({ sql }) => sql).join('\n');
    const tables = Object.keys(TABLES);
    expect(tables.filter((table) => !new RegExp(`\\b${table}\\b`).test(text))).toEqual([]);
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

/** Digits of a row number, for bulk inserts without a table of numbers. */
const DIGITS =
  '(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';
const NUMBERS = `(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
  FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} e, ${DIGITS} f) AS numbers`;

/** Rows of each table: how many, and an INSERT of numbers. `:first` is the id of the first user, `:now` the present. */
const TABLES: Record<string, { rows: number; insert: string }> = {
  users: {
    rows: USERS,
    insert: `(id, username, email, password_hash, display_name, created_at)
      SELECT :first + n, CONCAT('bulk_', n), CONCAT('bulk_', n, '@example.test'), '!', CONCAT('Display ', n), :now`,
  },
  user_counts: { rows: USERS, insert: '(user_id) SELECT :first + n' },
  // Everybody follows five; the first user is followed by every tenth besides.
  follows: {
    rows: USERS * 5,
    insert: `(followee_id, follower_id, created_at)
      SELECT :first + MOD(n * 7 + FLOOR(n / ${USERS}) * 13 + 1, ${USERS}), :first + MOD(n, ${USERS}), :now`,
  },
  posts: {
    rows: 50_000,
    insert: `(id, author_id, content, created_at)
      SELECT :first + n, :first + IF(n < 1000, 0, MOD(n, ${USERS})), CONCAT('post ', n), :now - INTERVAL n MINUTE`,
  },
  post_counts: { rows: 50_000, insert: '(post_id) SELECT :first + n' },
  likes: {
    rows: 100_000,
    insert: `(post_id, user_id, created_at)
      SELECT :first + MOD(n * 3, 50000), :first + MOD(n * 7 + FLOOR(n / 50000), ${USERS}), :now`,
  },
  comments: {
    rows: 60_000,
    insert: `(id, post_id, author_id, content, created_at)
      SELECT :first + n, :first + MOD(n, 50000), :first + MOD(n * 7, ${USERS}), 'a comment', :now`,
  },
  refresh_tokens: {
    rows: 30_000,
    insert: `(token_hash, family_id, user_id, created_at, expires_at)
      SELECT UNHEX(SHA2(n, 256)), UNHEX(LEFT(SHA2(n, 256), 32)), :first + MOD(n, ${USERS}), :now, :now + INTERVAL 1 DAY`,
  },
  outbox_events: {
    rows: 30_000,
    insert: `(type, payload, state, available_at, created_at, finished_at)
      SELECT 'post.created', '{}', 'finished', :now, :now, :now`,
  },
  idempotency_keys: {
    rows: 30_000,
    insert: `(user_id, scope_hash, body_hash, created_at)
      SELECT :first + MOD(n, ${USERS}), UNHEX(SHA2(n, 256)), UNHEX(SHA2(n, 256)), :now`,
  },
  session_revocations: {
    rows: 20_000,
    insert: '(user_id, created_at) SELECT :first + n, :now - INTERVAL 30 + MOD(n, 30) MINUTE',
  },
};

/** Fills every table with so many rows that the optimizer decides as it would in production. */
async function fill(database: TestDatabase): Promise<void> {
  const first = 10_000_000;
  const now = `'${new Date().toISOString().replace('T', ' ').replace('Z', '')}'`;
  const text = (sql: string) =>
    sql.replaceAll(':first', String(first)).replaceAll(':now', `CAST(${now} AS DATETIME(3))`);
  for (const [table, { rows, insert }] of Object.entries(TABLES)) {
    await database.execute(`INSERT IGNORE INTO ${table} ${text(insert)} FROM ${NUMBERS} WHERE n < ${rows}`);
  }
  await database.execute(
    text(
      `INSERT IGNORE INTO follows SELECT :first, :first + n, :now FROM ${NUMBERS} WHERE n < ${USERS} AND MOD(n, 10) = 1`,
    ),
  );
  await database.query(`ANALYZE TABLE ${Object.keys(TABLES).join(', ')}`);
  await database.replicated();
}
