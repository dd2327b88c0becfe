import { randomBytes } from 'node:crypto';
import { AppModule } from '../../src/app.module.js';
import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { ApiClient, type Answer, type Member } from '../support/api-client.js';
import { outcome, tally } from '../support/answers.js';
import type { Post } from '../support/contract.js';
import { EveryRoute, type Input } from '../support/every-route.js';
import { createUsers, memberFactory } from '../support/factories.js';
import { documentOf, routesOf } from '../support/openapi.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';

/** How soon everything is answered. */
const WITHIN_MS = 2_000;
const BACK_WITHIN_MS = 15_000;

const PRIMARY = 'mysql-primary';

/** What is a write to the object store only; of MySQL it reads what was promised, which a replica knows. */
const WRITES_NO_ROW = ['parts', 'complete', 'abort'].map((act) => `POST /v1/media/multipart-uploads/${act}`);

const HASHING = ['POST /v1/auth/register', 'PUT /v1/users/me/password', 'DELETE /v1/users/me'];

interface Health {
  status: string;
  details: Record<string, { status: string; degraded?: boolean }>;
}

/** Runs `work` from the moment on in which the primary is lost, and brings it back. */
type Loss = (work: () => Promise<void>) => Promise<void>;

const LOSSES: [how: string, loss: Loss][] = [
  ['killed', (work) => services.whileDead(PRIMARY, work)],
  ['frozen', (work) => services.whileFrozen(PRIMARY, work)],
];

describe.each(LOSSES)('While the primary is %s', (how, whileLost) => {
  let app: TestApp;
  let nodes: DatabaseNodes;
  let every: EveryRoute;
  let writer: Member;
  let found: string[];

  beforeAll(async () => {
    app = await TestApp.start({ env: { OUTBOX_LEASE: '3s' } }); // a worker may lose the primary in the middle of an event
    nodes = app.nest.get(DatabaseNodes);
    every = await EveryRoute.create(app.database, app.api);
    writer = await app.api.register();
  });
  beforeEach(() => (found = []));
  afterEach(() => until(writes, { what: 'writes to work again', timeoutMs: BACK_WITHIN_MS }));
  afterAll(() => app?.close());

  const writes = async () => (await writer.request('POST', '/v1/posts', { body: { content: 'again' } })).status === 201;
  const isDown = () => until(() => !nodes.primaryUp, { what: 'the primary to be missed' });

  /** Makes a request and notes what is wrong with its answer. */
  async function expectAnswer(what: string, expected: RegExp, ask: () => Promise<Answer<unknown>>): Promise<void> {
    const begun = performance.now();
    const answer = await ask();
    const tookMs = Math.round(performance.now() - begun);
    if (!expected.test(outcome(answer))) found.push(`${what}: ${outcome(answer)}`);
    if (tookMs > WITHIN_MS) found.push(`${what}: after ${tookMs} ms`);
    if (answer.status === 503 && !/^[1-9]/.test(answer.headers.get('retry-after') ?? '')) {
      found.push(`${what}: no Retry-After`);
    }
  }

  it('every GET is answered within 2 s, to who has written lately and to who has not', async () => {
    const routes = routesOf(documentOf(app)).filter(({ method }) => method === 'GET');
    expect(Object.keys(every.gets).toSorted()).toEqual(routes.map(({ path }) => `GET ${path}`).toSorted());
    const newcomers = (await createUsers(app.database, 2)).map(memberFactory(app.database, app.api));
    await writer.follow(every.author);
    await writer.feed();
    await app.database.replicated();

    const readAll = (newcomer: Member) => {
      const gets = [every.reader, writer].flatMap((member) =>
        Object.values(every.gets).map((path) => [member, path] as const),
      );
      // Nobody has made a feed for this one yet.
      return Promise.all(
        [...gets, [newcomer, '/v1/feed'] as const].map(([member, path]) =>
          expectAnswer(`GET ${path}`, /^200$/, () => member.request('GET', path)),
        ),
      );
    };
    await whileLost(async () => {
      await readAll(newcomers[0]!); // some of these meet a server that is believed to be there
      await isDown();
      await readAll(newcomers[1]!);
      const nobody = () => every.reader.request('GET', '/v1/posts/9223372036854775807');
      await expectAnswer('GET of nothing', /^404 POST_NOT_FOUND$/, nobody);
    });
    expect(found).toEqual([]);
  });

  it('every write is refused within 2 s, and leaves nothing behind', async () => {
    const routes = routesOf(documentOf(app)).filter(({ method }) => method !== 'GET');
    const { writes: all } = every;
    expect(Object.keys(all).toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted());
    const prepared: [route: string, me: Member, input: Input][] = [];
    for (const [route, prepare] of Object.entries(all)) {
      const me = await app.api.register();
      prepared.push([route, me, await prepare(me)]);
    }
    await app.settle();
    const before = await contents();
    const write = ([route, me, { path, body }]: (typeof prepared)[number]) =>
      expectAnswer(route, WRITES_NO_ROW.includes(route) ? /^20[04]$/ : /^503 DATABASE_UNAVAILABLE$/, () =>
        me.request(route.split(' ')[0]!, path, { ...(body !== undefined && { body }) }),
      );
    await whileLost(async () => {
      // All at once meet a server that is believed to be there; of those that hash a password one, as hashing takes long.
      await Promise.all(prepared.filter(([route]) => !HASHING.includes(route)).map(write));
      await isDown();
      for (const one of prepared) await write(one);
    });
    expect(found).toEqual([]);
    await until(async () => (await contents()) === before, { what: 'the tables to hold what they held before' });
  });

  it('a write in flight is acknowledged and there, or can be repeated, and is never there in part', async () => {
    const authors = await app.api.registerMany(10);
    const tries: { author: Member; key: string; content: string; answer?: Answer<Post> }[] = [];
    const post = async (one: (typeof tries)[number]) => {
      const headers = { 'idempotency-key': one.key };
      one.answer = await one.author.request<Post>('POST', '/v1/posts', { headers, body: { content: one.content } });
      return one.answer;
    };
    /** Posts until it is told that it cannot. */
    const postOn = async (author: Member) => {
      for (;;) {
        const one: (typeof tries)[number] = { author, key: randomBytes(8).toString('hex'), content: `of ${author.id}` };
        tries.push(one);
        if ((await post(one)).status !== 201) return;
      }
    };
    const posting = Promise.all(authors.map(postOn));
    await until(() => tries.length > 100, { what: 'posts to be under way' });
    await whileLost(async () => {
      await posting;
    });
    const answers = tries.map(({ answer }) => answer!);
    expect(Object.keys(tally(answers)).toSorted()).toEqual(['201', '503 DATABASE_UNAVAILABLE']);
    await until(writes, { what: 'writes to work again', timeoutMs: BACK_WITHIN_MS });

    // Whoever was refused repeats it: where the commit went through and only its answer was lost, that answer comes.
    const acknowledged = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
    const refused = tries.filter(({ answer }) => answer!.status !== 201);
    expect(refused).toHaveLength(authors.length);
    const there = await idsOf(authors);
    expect(there).toEqual(expect.arrayContaining(acknowledged));
    for (const one of refused) expect((await post(one)).status).toBe(201);
    const ids = tries.map(({ answer }) => answer!.body.id);
    expect((await idsOf(authors)).toSorted()).toEqual(ids.toSorted());
    expect(await inPart(authors)).toEqual([]);
    await app.settle();
    for (const author of authors) {
      const own = tries.filter((one) => one.author === author).map(({ answer }) => answer!.body.id);
      expect((await author.feedIds()).toSorted()).toEqual(own.slice(-100).toSorted());
    }
  });

  const idsOf = async (authors: readonly Member[]): Promise<string[]> => {
    const rows = await app.database.query<{ id: string }>('SELECT id FROM posts WHERE author_id IN (?)', [
      authors.map(({ id }) => id),
    ]);
    return rows.map((row) => String(row.id));
  };

  /** Posts without their event or their key, and authors whose count is another one. */
  const inPart = (authors: readonly Member[]) =>
    app.database.query(
      `SELECT p.author_id, COUNT(*) AS posts, c.post_count AS counted,
              (SELECT COUNT(*) FROM idempotency_keys k WHERE k.user_id = p.author_id) AS keysKept,
              (SELECT COUNT(*) FROM outbox_events e
                WHERE e.type = 'post.created' AND e.payload->>'$.authorId' = p.author_id) AS events
         FROM posts p LEFT JOIN user_counts c ON c.user_id = p.author_id
        WHERE p.author_id IN (?) GROUP BY p.author_id
       HAVING posts <> counted OR posts <> keysKept OR posts <> events`,
      [authors.map(({ id }) => id)],
    );

  /** Everything in the schema's tables. */
  async function contents(): Promise<string> {
    const tables = await app.database.query<{ name: string }>(
      "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
      [app.database.name],
    );
    const rows = tables.map(async ({ name }) => [name, await app.database.query(`SELECT * FROM ${name}`)] as const);
    return JSON.stringify((await Promise.all(rows)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  it('the API and the worker stay ready, and say what they lack', async () => {
    const ready = (url: string) => new ApiClient(url).request<Health>('GET', '/health/ready');
    for (const url of [app.api.url, app.workerUrl])
      expect((await ready(url)).body.details['mysql-primary']).toEqual({ status: 'up' });
    await whileLost(async () => {
      await isDown();
      for (const url of [app.api.url, app.workerUrl]) {
        const answer = await until(
          async () => {
            const given = await ready(url);
            return given.body.details['mysql-primary']?.degraded === true && given;
          },
          { what: 'the lack to be told' },
        );
        expect([answer.status, answer.body.status]).toEqual([200, 'ok']);
      }
    });
    for (const url of [app.api.url, app.workerUrl]) {
      await until(async () => (await ready(url)).body.details['mysql-primary']?.degraded === undefined, {
        what: 'the primary to be back',
      });
    }
  });

  it('a process that starts meanwhile serves reads, and is ready as soon as replicas miss the primary, too', async () => {
    await whileLost(async () => {
      await isDown();
      const instance = await listen(AppModule, app.config);
      try {
        // Replicas notice at once that it has crashed, and only after a minute that it is frozen.
        if (how === 'killed') {
          await until(
            async () => (await new ApiClient(urlOf(instance)).request('GET', '/health/ready')).status === 200,
            {
              what: 'the new instance to be ready',
            },
          );
        }
        const reader = memberFactory(app.database, new ApiClient(urlOf(instance)))(every.reader.id);
        await expectAnswer('GET', /^200$/, () => reader.request('GET', `/v1/posts/${every.post}`));
      } finally {
        await instance.close();
      }
    });
    expect(found).toEqual([]);
  });
});
