import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { TestDatabase } from '../support/test-database.js';
import {
  connectTo,
  executedOn,
  isWritable,
  onServer,
  operate,
  operateUntil,
  operateWell,
  PRIMARY,
  promoteReplica,
  REPLICA_1,
  REPLICA_2,
  restoreTopology,
  semiSync,
  type Server,
  SERVERS,
  startAnyhow,
  takeBack,
  untilCaughtUp,
  untilHealthy,
} from '../support/topology.js';

const WRITERS = 8;
/** Acknowledged before the primary is interrupted: enough that every writer is in the middle of one. */
const MANY = 400;
const RESTORE_TIMEOUT_MS = 120_000;

/** One after the other, each on a connection of its own, until a write fails or it is told to stop. */
class Writers {
  /** What the server has acknowledged. */
  readonly acknowledged: number[] = [];
  readonly failures: string[] = [];
  private next = 0;
  private isStopped = false;
  private readonly loops: Promise<void>[];

  constructor(server: Server, schema: string) {
    this.loops = Array.from({ length: WRITERS }, () => this.write(server, schema));
  }

  private async write(server: Server, schema: string): Promise<void> {
    const connection = await connectTo(server, 'migration', schema);
    connection.on('error', () => undefined); // the statement says so
    try {
      while (!this.isStopped) {
        const id = ++this.next;
        await connection.query('INSERT INTO promotion_writes (id) VALUES (?)', [id]);
        this.acknowledged.push(id);
      }
    } catch (error) {
      this.failures.push((error as Error).message);
    } finally {
      connection.destroy();
    }
  }

  many(): Promise<unknown> {
    const from = this.acknowledged.length;
    return until(() => this.acknowledged.length >= from + MANY, { what: `${MANY} acknowledged writes` });
  }

  /** Waits until all have failed. */
  ended(): Promise<unknown> {
    return Promise.all(this.loops);
  }

  stop(): Promise<unknown> {
    this.isStopped = true;
    return this.ended();
  }
}

describe('The primary of MySQL', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
    await database.query('CREATE TABLE promotion_writes (id BIGINT PRIMARY KEY)');
    await restoreTopology();
  }, RESTORE_TIMEOUT_MS);
  beforeEach(async () => {
    await database.query('TRUNCATE TABLE promotion_writes');
    await database.replicated();
  });
  afterEach(() => restoreTopology(), RESTORE_TIMEOUT_MS);
  afterAll(() => database?.drop());

  async function write(server: Server, id: number): Promise<void> {
    const connection = await connectTo(server, 'migration', database.name);
    try {
      await connection.query('INSERT INTO promotion_writes (id) VALUES (?)', [id]);
    } finally {
      connection.destroy();
    }
  }

  async function idsOn(server: Server): Promise<Set<number>> {
    const connection = await connectTo(server, 'migration', database.name);
    try {
      const [rows] = await connection.query('SELECT id FROM promotion_writes');
      return new Set((rows as { id: number }[]).map(({ id }) => id));
    } finally {
      connection.destroy();
    }
  }

  async function expectAll(writers: Writers, server: Server): Promise<void> {
    const there = await idsOn(server);
    expect(writers.acknowledged.filter((id) => !there.has(id))).toEqual([]);
  }

  const writable = async () => {
    const found: Server[] = [];
    for (const server of SERVERS) if (await isWritable(server)) found.push(server);
    return found;
  };

  describe('when its machine is lost in the middle of writes', () => {
    it('leaves no acknowledged write behind, comes back as no primary, and can be made one again', async () => {
      const writers = new Writers(PRIMARY, database.name);
      await writers.many();
      await services.kill(PRIMARY.name);
      await writers.ended();
      expect(writers.failures).toHaveLength(WRITERS);

      const heir = await promoteReplica();
      await expectAll(writers, heir);
      await write(heir, 0);
      await until(async () => (await semiSync(heir, 'status')) === 'ON', { what: 'a replica that acknowledges' });

      await services.start(PRIMARY.name);
      const { code, text } = await operate('status');
      expect([code, text]).toEqual([1, expect.stringMatching(new RegExp(`^${heir.address} +primary`, 'm'))]);
      expect(text).toContain(`npm run mysql -- rejoin ${PRIMARY.address}`);
      const refused = await operate('promote', PRIMARY.address);
      expect(refused.code).toBe(1);
      expect(await isWritable(heir)).toBe(true);

      await takeBack(PRIMARY);
      expect(await writable()).toEqual([heir]);
      await untilCaughtUp(PRIMARY, heir);
      expect(await idsOn(PRIMARY)).toContain(0);

      await operateWell('promote', PRIMARY.address);
      expect(await writable()).toEqual([PRIMARY]);
      await expectAll(writers, PRIMARY);
    }, 120_000);

    it('is not replaced without the word that it is gone', async () => {
      await services.whileDead(PRIMARY.name, async () => {
        const { code, text } = await operate('promote', REPLICA_1.address);
        expect([code, text]).toEqual([1, expect.stringContaining('--old-primary-is-gone')]);
      });
      expect((await operate('status')).text).toMatch(new RegExp(`^${PRIMARY.address} +primary`, 'm'));
    });

    it('is not replaced by a replica that lacks what another has', async () => {
      await onServer(REPLICA_2, 'STOP REPLICA IO_THREAD');
      await write(PRIMARY, 1);
      await services.kill(PRIMARY.name);

      const { code, text } = await operate('promote', REPLICA_2.address, '--old-primary-is-gone');
      expect([code, text]).toEqual([1, expect.stringContaining(`promote ${REPLICA_1.address}, which lacks nothing`)]);
      expect(await isWritable(REPLICA_2)).toBe(false);
      const [replication] = await onServer(REPLICA_1, 'SHOW REPLICA STATUS');
      expect(replication?.['Replica_IO_Running']).not.toBe('No');

      await operateWell('promote', REPLICA_1.address, '--old-primary-is-gone');
      expect(await idsOn(REPLICA_1)).toEqual(new Set([1]));
      await until(async () => (await idsOn(REPLICA_2)).has(1), { what: 'the write on the other replica' });
    });

    it('is not replaced while a replica is silent, unless what only that one has is given up', async () => {
      await services.kill(PRIMARY.name);
      await services.kill(REPLICA_2.name);
      const { code, text } = await operate('promote', REPLICA_1.address, '--old-primary-is-gone');
      expect([code, text]).toEqual([1, expect.stringContaining(`--without ${REPLICA_2.address}`)]);

      await operateWell('promote', REPLICA_1.address, '--old-primary-is-gone', '--without', REPLICA_2.address);
      expect(await isWritable(REPLICA_1)).toBe(true);
    });
  });

  describe('when it is moved', () => {
    it('takes every acknowledged write along', async () => {
      const writers = new Writers(PRIMARY, database.name);
      await writers.many();
      await operateWell('promote', REPLICA_2.address);
      await writers.ended();
      expect(new Set(writers.failures).size).toBe(1);
      expect(writers.failures[0]).toContain('read-only');
      expect(await writable()).toEqual([REPLICA_2]);
      await expectAll(writers, REPLICA_2);
      await untilHealthy();
    });

    it('waits for a commit that the other one was ahead with, and does not take it for one of its own', async () => {
      const setting = 'rpl_semi_sync_source_wait_for_replica_count';
      await onServer(REPLICA_2, 'STOP REPLICA IO_THREAD');
      await onServer(PRIMARY, `SET GLOBAL ${setting} = 2`, 'SET GLOBAL rpl_semi_sync_source_timeout = 60000');
      let written: Promise<void> | undefined;
      try {
        written = write(PRIMARY, 1);
        await until(async () => (await idsOn(REPLICA_1)).has(1), { what: 'the write on a replica' });
        expect(await idsOn(PRIMARY)).toEqual(new Set());

        const promotion = operate('promote', REPLICA_1.address);
        const waits =
          "SELECT 1 FROM performance_schema.processlist WHERE info LIKE 'SELECT WAIT_FOR_EXECUTED_GTID_SET%'";
        await until(async () => (await onServer(PRIMARY, waits)).length > 0, { what: 'the command to wait' });
        await onServer(REPLICA_2, 'START REPLICA IO_THREAD');
        expect(await promotion).toEqual({ code: 0, text: expect.any(String) });
      } finally {
        await onServer(REPLICA_2, 'START REPLICA IO_THREAD');
        await onServer(PRIMARY, `SET GLOBAL ${setting} = 1`, 'SET GLOBAL rpl_semi_sync_source_timeout = 1000');
        await written;
      }
      expect(await idsOn(REPLICA_1)).toEqual(new Set([1]));
      await untilHealthy();
    }, 120_000);

    it.each(['2/', '3/', '6/', '8/'])(
      'is moved by a second run if the first was killed at its step %s',
      async (step) => {
        await operateUntil(step, 'SIGKILL', 'promote', REPLICA_1.address);
        await operateWell('promote', REPLICA_1.address);
        expect(await writable()).toEqual([REPLICA_1]);
        await untilHealthy();
      },
    );

    it('stays when the command was killed and the operator thinks better of it', async () => {
      await operateUntil('4/', 'SIGKILL', 'promote', REPLICA_1.address);
      await operateWell('promote', PRIMARY.address);
      expect(await isWritable(PRIMARY)).toBe(true);
    });

    it('takes writes again when the other one does not catch up', async () => {
      await database.whileReplicasLag(async () => {
        const { code, text } = await operateUntil('1/', 'SIGINT', 'promote', REPLICA_1.address);
        expect([code, text]).toEqual([1, expect.stringContaining(`${PRIMARY.address} takes writes again`)]);
        expect(await isWritable(PRIMARY)).toBe(true);
      });
      await write(PRIMARY, 1);
    });

    it('goes to one server, though two are promoted at once', async () => {
      const outcomes = await Promise.all([REPLICA_1, REPLICA_2].map(({ address }) => operate('promote', address)));
      expect(outcomes.map(({ code }) => code)).toContain(0);
      expect(await writable()).toHaveLength(1);
      await untilHealthy();
    });

    it('is left alone while somebody else is at it', async () => {
      const other = await connectTo(REPLICA_2, 'operator');
      await other.query("SELECT GET_LOCK('sns_mysql_topology', 0)");
      try {
        for (const command of [
          ['promote', REPLICA_1.address],
          ['rejoin', REPLICA_1.address],
        ]) {
          const { code, text } = await operate(...command);
          expect([code, text]).toEqual([1, expect.stringContaining(`is at work on ${REPLICA_2.address}`)]);
        }
      } finally {
        other.destroy();
      }
      expect(await writable()).toEqual([PRIMARY]);
    });

    it('does not go to a server that nobody knows', async () => {
      const { code, text } = await operate('promote', '127.0.0.1:1');
      expect([code, text]).toEqual([1, expect.stringContaining('none of MYSQL_PRIMARY and MYSQL_REPLICAS')]);
    });
  });

  it('refuses a server with transactions of its own, which stays read-only', async () => {
    await services.kill(PRIMARY.name);
    await operateWell('promote', REPLICA_1.address, '--old-primary-is-gone');
    await services.start(PRIMARY.name);
    await write(PRIMARY, 1); // by a client that has not heard of the promotion
    const errant = (await executedOn(PRIMARY)).minus(await executedOn(REPLICA_1));

    const { code, text } = await operate('rejoin', PRIMARY.address);
    expect([code, text]).toEqual([1, expect.stringContaining(errant.toString())]);
    expect(await writable()).toEqual([REPLICA_1]);

    expect(text).toContain(`rejoin ${PRIMARY.address} --clone`);
    await operateWell('rejoin', PRIMARY.address, '--clone');
    await startAnyhow(PRIMARY);
    expect(await isWritable(PRIMARY)).toBe(false);
    await operateWell('rejoin', PRIMARY.address);
    await untilHealthy();
    expect(await idsOn(PRIMARY)).toEqual(new Set());
  });

  it('answers no write before a replica has it, or a second has passed, and counts those that none has', async () => {
    const unacknowledged = async () => Number(await semiSync(PRIMARY, 'no_tx'));
    const before = await unacknowledged();
    await write(PRIMARY, 1);
    expect(await unacknowledged()).toBe(before);

    for (const server of [REPLICA_1, REPLICA_2]) await onServer(server, 'STOP REPLICA IO_THREAD');
    const begun = performance.now();
    await write(PRIMARY, 2);
    expect(performance.now() - begun).toBeGreaterThan(900);
    expect(await semiSync(PRIMARY, 'status')).toBe('OFF');
    expect(await unacknowledged()).toBe(before + 1);
    await write(PRIMARY, 3); // without waiting: it has given the replicas up
    expect(await unacknowledged()).toBe(before + 2);
    expect((await operate('status')).text).toContain('answers commits that no replica has');

    for (const server of [REPLICA_1, REPLICA_2]) await onServer(server, 'START REPLICA IO_THREAD');
    await until(async () => (await semiSync(PRIMARY, 'status')) === 'ON', {
      what: 'the replicas to acknowledge again',
    });
  });
});
