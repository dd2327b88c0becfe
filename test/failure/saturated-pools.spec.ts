import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import type { Answer, Member } from '../support/api-client.js';
import { outcome, tally, UNKNOWN_ID } from '../support/answers.js';
import { createPosts, createUsers, memberFactory } from '../support/factories.js';
import { Metrics } from '../support/metrics.js';
import { askMonitor } from '../support/monitor.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import { connectTo, PRIMARY, REPLICA_1, REPLICA_2, type Server } from '../support/topology.js';

/** How long a request waits for a connection of a pool. */
const PATIENCE_MS = 1_500;
/** Two pools, with a little for a busy machine. */
const WITHIN_MS = 2 * PATIENCE_MS + 1_000;
/** Of which each connection may wait a second for its table. */
const HELD_UP_MS = WITHIN_MS + 2_000;
/** Requests that may wait for one connection. */
const QUEUE = 100;
/** How long a write waits for somebody's lock, three tries of two seconds, with a little more. */
const LOCK_WAIT_MS = 8_000;

const WRITES = { node: PRIMARY.address, pool: 'write' };
const REFUSED = '503 DATABASE_UNAVAILABLE';

/** One connection a pool, so that one request that waits for a lock uses it up. Nobody has written lately. */
describe('When a pool has no connection to spare', () => {
  let app: TestApp;
  let nodes: DatabaseNodes;
  let members: Member[];
  let post: string;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false, env: { MYSQL_POOL_SIZE: '1', REPLICA_MAX_LAG: '10m' } });
    nodes = app.nest.get(DatabaseNodes);
    members = (await createUsers(app.database, QUEUE + 20)).map(memberFactory(app.database, app.api));
    [post] = (await createPosts(app.database, members[0]!.id, [new Date()])) as [string];
    await app.database.replicated();
    await members[0]!.feed();
  });
  afterAll(() => app?.close());

  const metrics = () => Metrics.of(app.api);
  const like = (member: Member) => member.request('PUT', `/v1/posts/${post}/like`);

  /** Somebody else holds the post, and one request waits for it with the only connection. */
  async function whileWritesAreHeldUp(
    work: (heldUp: Promise<Answer<unknown>>) => Promise<void>,
  ): Promise<Answer<unknown>> {
    const holder = await app.database.connect();
    await holder.beginTransaction();
    await holder.query('SELECT 1 FROM posts WHERE id = ? FOR UPDATE', [post]);
    const heldUp = like(members[0]!);
    try {
      await until(() => app.database.hasLockWait(), { what: 'a request to wait for the lock' });
      await work(heldUp);
    } finally {
      await holder.rollback();
      holder.destroy();
    }
    return heldUp;
  }

  async function timed<T>(work: () => Promise<T>, withinMs: number): Promise<T> {
    const begun = performance.now();
    const result = await work();
    expect(performance.now() - begun).toBeLessThan(withinMs);
    return result;
  }

  function expectRefused(answers: readonly Answer<unknown>[]): void {
    expect(tally(answers)).toEqual({ [REFUSED]: answers.length });
    for (const { headers } of answers) expect(headers.get('retry-after')).toMatch(/^[1-9]/);
  }

  it('for writes, they are told to come back, reads go on, and so do writes afterwards', async () => {
    const before = await metrics();
    const heldUp = await whileWritesAreHeldUp(async () => {
      const answers = timed(() => Promise.all(members.slice(1, 9).map(like)), WITHIN_MS);
      const waiting = async () => (await metrics()).sum('mysql_pool_waiting', WRITES) === 8;
      await until(waiting, { what: 'the others to wait for a connection' });
      // Of a replica, and of the primary's own pool for reads.
      const reads = ['/v1/users/me', '/v1/feed', `/v1/posts/${UNKNOWN_ID}`];
      const read = await timed(() => Promise.all(reads.map((path) => members[0]!.request('GET', path))), PATIENCE_MS);
      expect(read.map(outcome)).toEqual(['200', '200', '404 POST_NOT_FOUND']);
      expectRefused(await answers);
    });
    expect(heldUp.status).toBe(200);
    expect((await Promise.all(members.slice(1, 9).map(like))).map(({ status }) => status)).toEqual(Array(8).fill(200));
    const after = await metrics();
    const grown = (name: string, labels: Record<string, string>) => after.sum(name, labels) - before.sum(name, labels);
    expect(grown('mysql_pool_errors_total', { ...WRITES, reason: 'timeout' })).toBe(8);
    expect(grown('mysql_pool_errors_total', {})).toBe(8);
    expect(after.sum('mysql_pool_waiting')).toBe(0);
    expect(nodes.primaryUp).toBe(true);
  });

  it('for writes, the figures tell how long requests wait for one', async () => {
    const before = await metrics();
    let next!: Promise<Answer<unknown>>;
    let waitedMs = 0;
    await whileWritesAreHeldUp(async () => {
      next = like(members[1]!);
      const begun = await until(
        async () => (await metrics()).sum('mysql_pool_waiting', WRITES) === 1 && performance.now(),
        {
          what: 'the next one to wait for a connection',
        },
      );
      await metrics();
      waitedMs = performance.now() - begun;
    });
    expect((await next).status).toBe(200);
    const sum = 'mysql_pool_acquire_seconds_sum';
    expect((await metrics()).sum(sum, WRITES) - before.sum(sum, WRITES)).toBeGreaterThanOrEqual(waitedMs / 1_000);
  });

  it('and a hundred wait for it, more are refused at once', async () => {
    const before = await metrics();
    const errors = async (reason: string) => {
      const labels = { ...WRITES, reason };
      return (await metrics()).sum('mysql_pool_errors_total', labels) - before.sum('mysql_pool_errors_total', labels);
    };
    await whileWritesAreHeldUp(async () => {
      const answers = members.slice(1).map(like);
      expectRefused([await Promise.race(answers)]);
      expect([(await errors('full')) > 0, await errors('timeout')]).toEqual([true, 0]);
      expectRefused(await Promise.all(answers));
      expect((await errors('full')) + (await errors('timeout'))).toBe(answers.length);
    });
  });

  it('because somebody holds a lock for long, who waits for that is refused too, after three tries', async () => {
    const before = await metrics();
    await whileWritesAreHeldUp(async (heldUp) => expectRefused([await timed(() => heldUp, LOCK_WAIT_MS)]));
    const errors = 'mysql_pool_errors_total'; // it had a connection
    expect((await metrics()).sum(errors, WRITES)).toBe(before.sum(errors, WRITES));
  });

  /** On some replicas a change of the users' table waits for a long transaction, and every read of users behind it. */
  async function whileReadsAreHeldUp(servers: readonly Server[], work: () => Promise<void>): Promise<void> {
    const holders = await Promise.all(servers.map((server) => connectTo(server, 'migration', app.database.name)));
    try {
      for (const holder of holders) {
        await holder.beginTransaction();
        await holder.query('SELECT 1 FROM users LIMIT 1');
      }
      await app.database.query("ALTER TABLE users COMMENT 'changed'");
      for (const { address } of servers) await until(() => isHeldUp(address), { what: `${address} to be held up` });
      await work();
    } finally {
      for (const holder of holders) holder.destroy();
      await app.database.query("ALTER TABLE users COMMENT ''");
    }
    await app.database.replicated();
  }

  async function isHeldUp(address: string): Promise<boolean> {
    const [host, port] = address.split(':') as [string, string];
    const sql = "SELECT 1 FROM performance_schema.metadata_locks WHERE OBJECT_SCHEMA = ? AND LOCK_STATUS = 'PENDING'";
    const waiting = await askMonitor(app.config, sql, [app.database.name], { host, port: Number(port) });
    return waiting.length > 0;
  }

  const readAll = () => Promise.all(members.slice(0, 20).map((member) => member.request('GET', '/v1/users/me')));
  const timeouts = (from: Metrics, node: string) =>
    from.sum('mysql_pool_errors_total', { node, pool: 'read', reason: 'timeout' });

  it('of a replica, the others answer, and the replica is not taken for a dead one', async () => {
    const before = await metrics();
    await whileReadsAreHeldUp([REPLICA_1], async () => {
      expect(tally(await timed(readAll, WITHIN_MS))).toEqual({ 200: 20 });
      expect((await members[0]!.request('POST', '/v1/posts', { body: { content: 'a post' } })).status).toBe(201);
      expect(nodes.replicas.map(({ healthy }) => healthy)).toEqual([true, true]);
    });
    const after = await metrics();
    expect(timeouts(after, REPLICA_1.address)).toBeGreaterThan(timeouts(before, REPLICA_1.address));
    for (const { address } of [PRIMARY, REPLICA_2]) expect(timeouts(after, address)).toBe(timeouts(before, address));
  });

  it('of neither replica, but their reads are held up, the primary answers', async () => {
    await whileReadsAreHeldUp([REPLICA_1, REPLICA_2], async () => {
      const { status } = await timed(() => members[1]!.request('GET', '/v1/users/me'), WITHIN_MS);
      expect(status).toBe(200);
    });
  });

  it('of both replicas, readers are told to come back, and are answered afterwards', async () => {
    const before = await metrics();
    await whileReadsAreHeldUp([REPLICA_1, REPLICA_2], async () => {
      const answers = await timed(readAll, HELD_UP_MS);
      const refused = answers.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      expectRefused(refused);
      expect(nodes.replicas.map(({ healthy }) => healthy)).toEqual([true, true]);
    });
    const after = await metrics();
    for (const { address } of [REPLICA_1, REPLICA_2]) {
      expect(timeouts(after, address)).toBeGreaterThan(timeouts(before, address));
    }
    expect(tally(await readAll())).toEqual({ 200: 20 });
  });
});
