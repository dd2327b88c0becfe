import { jest } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AppError } from '../../src/common/app-error.js';
import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { isReadOnlyViolation } from '../../src/infrastructure/database/mysql-errors.js';
import { TransactionHost } from '../../src/infrastructure/database/transaction-host.js';
import { TransactionUsageError } from '../../src/infrastructure/database/transaction-scope.js';
import { Transactional } from '../../src/infrastructure/database/transactional.decorator.js';
import { serverIn } from '../support/serving.js';
import { testConfig, type TestEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const address = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;

/** Nobody listens there. */
const CLOSED = '127.0.0.1:1';

describe(TransactionHost.name, () => {
  let database: TestDatabase;
  let host: TransactionHost;
  /** By `@@server_uuid`. */
  let primary: string;
  let replicas: string[];
  const opened: DatabaseNodes[] = [];

  function hostWith(env: TestEnv = {}): TransactionHost {
    const nodes = new DatabaseNodes(testConfig(database.name, env), []);
    opened.push(nodes);
    return new TransactionHost(nodes);
  }

  const write = (id: number, on = host) => on.manager.query('INSERT INTO notes (id) VALUES (?)', [id]);
  const readIn = (on = host): Promise<number[]> =>
    on.manager.query('SELECT id FROM notes ORDER BY id').then((rows: { id: number }[]) => rows.map((row) => row.id));
  const stored = async () => (await database.query<{ id: number }>('SELECT id FROM notes')).map((row) => row.id);
  const connectionIn = async (): Promise<unknown> => {
    const [row]: { id: unknown }[] = await host.manager.query('SELECT CONNECTION_ID() AS id');
    return row!.id;
  };

  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
    await database.query('CREATE TABLE notes (id INT PRIMARY KEY, turns INT NOT NULL DEFAULT 0)');
    [primary, ...replicas] = await database.serverUuids();
    await database.replicated();
    host = hostWith();
  });
  beforeEach(() => database.execute('DELETE FROM notes'));
  afterAll(async () => {
    await Promise.all(opened.map((nodes) => nodes.onApplicationShutdown()));
    await database?.drop();
  });

  describe('a transaction', () => {
    it('runs on the primary', async () => {
      expect(await host.run({}, () => serverIn(host))).toBe(primary);
    });

    it('commits what its work wrote, and returns its result', async () => {
      const result = await host.run({}, async () => {
        await write(1);
        expect(await stored()).toEqual([]); // nobody else sees it yet
        return 'done';
      });
      expect(result).toBe('done');
      expect(await stored()).toEqual([1]);
    });

    it('leaves nothing behind when its work fails', async () => {
      const failing = host.run({}, async () => {
        await write(1);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await stored()).toEqual([]);
    });

    it('is joined by a nested one: one connection, one commit', async () => {
      await host.run({}, async () => {
        const outer = await connectionIn();
        await host.run({}, async () => {
          expect(await connectionIn()).toBe(outer);
          await write(1);
        });
        expect(await stored()).toEqual([]);
      });
      expect(await stored()).toEqual([1]);
    });

    it('takes the nested one back with it', async () => {
      const failing = host.run({}, async () => {
        await host.run({}, () => write(1));
        throw new Error('later');
      });
      await expect(failing).rejects.toThrow('later');
      expect(await stored()).toEqual([]);
    });

    it('shows its writes to a read-only one inside it', async () => {
      await host.run({}, async () => {
        await write(1);
        expect(await host.run({ readOnly: true }, () => readIn())).toEqual([1]);
        expect(await host.run({ readOnly: true, fresh: true }, () => readIn())).toEqual([1]);
      });
    });

    it('keeps apart those that run at once', async () => {
      const one = host.run({}, () => write(1));
      const other = host.run({}, async () => {
        await write(2);
        throw new Error('no');
      });
      await Promise.allSettled([one, other]);
      expect(await stored()).toEqual([1]);
    });

    it('gives its connection back, however it ends', async () => {
      const small = hostWith({ MYSQL_POOL_SIZE: '1' });
      for (let i = 0; i < 5; i++) {
        await small.run({}, () => write(1, small)).catch(() => undefined); // a duplicate from the second on
        await small.run({}, async () => Promise.reject(new Error('no'))).catch(() => undefined);
        await small.run({ readOnly: true }, () => readIn(small));
        await small.run({ readOnly: true }, () => write(2, small)).catch(() => undefined);
      }
      expect(await stored()).toEqual([1]);
    });
  });

  describe('a transaction that takes more than 5 s', () => {
    const now = performance.now.bind(performance);
    let passedMs = 0;
    beforeEach(() => jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs));
    afterEach(() => jest.restoreAllMocks());
    /** As far as the application can tell. */
    const letTimePass = (): number => (passedMs += 5_001);

    it('is not committed, but run again', async () => {
      let tries = 0;
      await host.run({}, async () => {
        await write(++tries);
        if (tries === 1) letTimePass();
      });
      expect([tries, await stored()]).toEqual([2, [2]]);
    });

    it('says that the database is unavailable when it does so again and again', async () => {
      const slow = host.run({}, async () => {
        await write(1);
        letTimePass();
      });
      await expect(slow).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      expect(await stored()).toEqual([]);
    });
  });

  describe('a read-only transaction', () => {
    it('refuses a write transaction inside it', async () => {
      const nested = host.run({ readOnly: true }, () => host.run({}, () => write(1)));
      await expect(nested).rejects.toThrow(TransactionUsageError);
    });

    it.each([
      ['a replica', {}],
      ['the primary', { fresh: true }],
    ])('refuses a write on %s', async (_, options) => {
      const refused = await host.run({ readOnly: true, ...options }, () => write(1)).catch((error: unknown) => error);
      expect(isReadOnlyViolation(refused)).toBe(true);
      expect(await stored()).toEqual([]);
    });

    it('refuses a write where the primary serves the reads because there are no replicas', async () => {
      const alone = hostWith({ MYSQL_REPLICAS: '' });
      const refused = await alone.run({ readOnly: true }, () => write(1, alone)).catch((error: unknown) => error);
      expect(isReadOnlyViolation(refused)).toBe(true);
    });

    it('costs no round trip but its statements: no BEGIN, no COMMIT, no setting once connected', async () => {
      for (const env of [{ MYSQL_REPLICAS: address(database.config.mysql.replicas[0]!) }, { MYSQL_REPLICAS: '' }]) {
        const single = hostWith({ ...env, MYSQL_POOL_SIZE: '1' });
        const questions = () =>
          single.run({ readOnly: true }, async () => {
            const [row]: { Value: string }[] = await single.manager.query("SHOW SESSION STATUS LIKE 'Questions'");
            return Number(row!.Value);
          });
        const before = await questions();
        expect((await questions()) - before).toBe(1);
      }
    });

    it('goes to the replicas in turn', async () => {
      const servers: string[] = [];
      for (let i = 0; i < 4; i++) servers.push(await host.run({ readOnly: true }, () => serverIn(host)));
      expect(new Set(servers.slice(0, 2))).toEqual(new Set(replicas));
      expect(servers.slice(2)).toEqual(servers.slice(0, 2));
    });

    it('goes to the primary when it must be fresh, also inside one that need not be', async () => {
      expect(await host.run({ readOnly: true, fresh: true }, () => serverIn(host))).toBe(primary);
      await host.run({ readOnly: true }, async () => {
        const before = await serverIn(host);
        expect(replicas).toContain(before);
        expect(await host.run({ readOnly: true, fresh: true }, () => serverIn(host))).toBe(primary);
        expect(await serverIn(host)).toBe(before);
      });
    });

    it('goes to another node when a replica refuses connections', async () => {
      const [first] = database.config.mysql.replicas;
      const half = hostWith({ MYSQL_REPLICAS: `${CLOSED},${first!.host}:${first!.port}` });
      for (let i = 0; i < 4; i++) expect(await half.run({ readOnly: true }, () => serverIn(half))).toBe(replicas[0]);
      const none = hostWith({ MYSQL_REPLICAS: CLOSED });
      expect(await none.run({ readOnly: true }, () => serverIn(none))).toBe(primary);
    });
  });

  it('that is to be remembered goes to no replica that does not keep up, though others would rather have that than nothing', async () => {
    const nodes = new DatabaseNodes(testConfig(database.name, { MYSQL_PRIMARY: CLOSED }), []);
    opened.push(nodes);
    const away = new TransactionHost(nodes);
    for (const node of nodes.replicas) node.healthy = false;
    expect(replicas).toContain(await away.run({ readOnly: true }, () => serverIn(away)));
    const current = away.run({ readOnly: true, current: true }, () => serverIn(away));
    await expect(current).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  });

  it('says that the database is unavailable when no node answers', async () => {
    const cut = hostWith({ MYSQL_PRIMARY: CLOSED, MYSQL_REPLICAS: CLOSED });
    for (const options of [{}, { readOnly: true }, { readOnly: true, fresh: true }]) {
      const error = await cut.run(options, () => readIn(cut)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503, retryAfterSeconds: expect.any(Number) });
    }
  });

  it('refuses a repository outside any transaction', () => {
    expect(() => host.manager).toThrow(TransactionUsageError);
    expect(() => host.afterCommit(() => undefined)).toThrow(TransactionUsageError);
  });

  describe('afterCommit', () => {
    it('runs once everything is committed, in order, and may open a transaction', async () => {
      const seen: unknown[] = [];
      await host.run({}, async () => {
        await host.run({}, async () => {
          await write(1);
          host.afterCommit(async () => void seen.push(await stored()));
        });
        host.afterCommit(() => host.run({}, () => write(2)));
        seen.push('work done');
      });
      expect(seen).toEqual(['work done', [1]]);
      expect(await stored()).toEqual([1, 2]);
    });

    it('that fails neither fails the commit nor repeats it, and the others run', async () => {
      const deadlock = Object.assign(new Error('Deadlock found'), { errno: 1213 });
      let tries = 0;
      let others = 0;
      const result = await host.run({}, async () => {
        tries++;
        await write(tries);
        host.afterCommit(() => Promise.reject(deadlock));
        host.afterCommit(() => void others++);
        return 'done';
      });
      expect({ result, tries, others, stored: await stored() }).toEqual({
        result: 'done',
        tries: 1,
        others: 1,
        stored: [1],
      });
    });

    it('never runs after a rollback', async () => {
      let ran = false;
      const failing = host.run({}, async () => {
        host.afterCommit(() => void (ran = true));
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(ran).toBe(false);
    });

    it('is refused in a read-only transaction', async () => {
      const misuse = host.run({ readOnly: true }, async () => host.afterCommit(() => undefined));
      await expect(misuse).rejects.toThrow(TransactionUsageError);
    });
  });

  it('for everybody to see waits a tenth of a second at most, also for a replica that has no connection to spare', async () => {
    const nodes = new DatabaseNodes(testConfig(database.name, { MYSQL_POOL_SIZE: '1' }), []);
    opened.push(nodes);
    const held = await Promise.all(nodes.replicas.map((node) => node.acquire()));
    const begunMs = performance.now();
    await nodes.untilReplicated(`${primary}:1`);
    const waitedMs = performance.now() - begunMs;
    for (const queryRunner of held) await queryRunner.release();
    expect(waitedMs).toBeLessThan(1_000); // a pool is waited for longer
  });

  describe('a conflict', () => {
    it('of a deadlock is cured by running the loser again from its start', async () => {
      await database.execute('INSERT INTO notes (id) VALUES (1), (2)');
      let tries = 0;
      let hooks = 0;
      let holders = 0;
      let bothHold!: () => void;
      const barrier = new Promise<void>((resolve) => (bothHold = resolve));
      const touch = (id: number) => host.manager.query('UPDATE notes SET turns = turns + 1 WHERE id = ?', [id]);

      const crossing = (first: number, second: number) =>
        host.run({}, async () => {
          tries++;
          host.afterCommit(() => void hooks++);
          await touch(first);
          if (++holders === 2) bothHold();
          await barrier;
          await host.run({}, () => touch(second)); // nested: it is the outermost that starts again
        });
      await Promise.all([crossing(1, 2), crossing(2, 1)]);

      expect(tries).toBe(3);
      expect(hooks).toBe(2);
      expect((await database.query('SELECT turns FROM notes')).map((row) => row.turns)).toEqual([2, 2]);
    });

    it('that does not end is reported after the third try', async () => {
      let tries = 0;
      const hopeless = host.run({}, async () => {
        tries++;
        await host.run({}, () => host.manager.query("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"));
      });
      await expect(hopeless).rejects.toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
        cause: { driverError: { errno: 1213 } },
      });
      expect(tries).toBe(3);
    });

    it('is the only error that is tried again', async () => {
      let tries = 0;
      const failing = host.run({}, async () => {
        tries++;
        await host.manager.query("SIGNAL SQLSTATE '45000'");
      });
      await expect(failing).rejects.toThrow('user-defined');
      expect(tries).toBe(1);
    });
  });

  describe('@Transactional()', () => {
    @Injectable()
    class Notes {
      constructor(private readonly transactions: TransactionHost) {}

      @Transactional()
      async add(id: number, fail = false): Promise<void> {
        await this.transactions.manager.query('INSERT INTO notes (id) VALUES (?)', [id]);
        if (fail) throw new Error('no');
      }

      @Transactional({ readOnly: true })
      addInRead(id: number): Promise<void> {
        return this.add(id);
      }

      addOutside(id: number): Promise<unknown> {
        return this.transactions.manager.query('INSERT INTO notes (id) VALUES (?)', [id]);
      }
    }

    it('runs the methods of a provider in a transaction', async () => {
      @Module({ providers: [Notes, { provide: TransactionHost, useFactory: () => host }] })
      class NotesModule {}
      const module = await Test.createTestingModule({ imports: [NotesModule] }).compile();
      const notes = module.get(Notes);
      await notes.add(1);
      await expect(notes.add(2, true)).rejects.toThrow('no');
      await expect(notes.addInRead(3)).rejects.toThrow(TransactionUsageError);
      expect(() => notes.addOutside(4)).toThrow(TransactionUsageError);
      expect(await stored()).toEqual([1]);
    });

    it('fails in a class that is not a provider, and does not just leave the transaction out', () => {
      expect(() => new Notes(host).add(1)).toThrow(TransactionUsageError);
    });
  });
});
