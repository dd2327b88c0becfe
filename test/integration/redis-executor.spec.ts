import { createHash, randomBytes } from 'node:crypto';
import calculateSlot from 'cluster-key-slot';
import type { LuaScript } from '../../src/infrastructure/redis/lua-script.js';
import { keyCommand, scriptCommand, type RedisCommand } from '../../src/infrastructure/redis/redis-command.js';
import { RedisExecutor } from '../../src/infrastructure/redis/redis-executor.js';
import { RedisUnavailableError } from '../../src/infrastructure/redis/redis-unavailable.error.js';
import { until } from '../support/settle.js';
import { TestRedis } from '../support/redis.js';
import { testConfig } from '../support/test-config.js';

const script = (source: string): LuaScript => ({ source, sha: createHash('sha1').update(source).digest('hex') });
const options = { traffic: 'request' } as const;

describe(RedisExecutor.name, () => {
  let redis: TestRedis;
  let executor: RedisExecutor;
  const run = randomBytes(4).toString('hex');
  const keys = Array.from({ length: 500 }, (_, index) => `test:${run}:${index}`);

  const set = (key: string, value: string): RedisCommand => ({ name: 'set', key, args: [key, value, 'EX', 60] });
  const get = (key: string): RedisCommand => ({ name: 'get', key, args: [key] });

  beforeAll(() => {
    redis = new TestRedis(testConfig('sns_test_unused'));
    executor = redis.executor;
  });
  afterAll(() => redis?.close());

  it('does nothing for no commands', async () => {
    expect(await executor.execute([], options)).toEqual([]);
  });

  it('sends commands to the owners of many slots and returns the replies in their order', async () => {
    await executor.execute(
      keys.map((key) => set(key, key)),
      options,
    );
    expect(await executor.execute<string>(keys.map(get), options)).toEqual(keys);
    const { slots } = redis.clients.for('request');
    expect(new Set(keys.map((key) => slots[calculateSlot(key)]![0])).size).toBe(3);
  });

  it('returns only the replies of the commands when it waits for replicas', async () => {
    const replies = await executor.execute(
      keys.slice(0, 20).map((key) => set(key, 'x')),
      { ...options, replicated: true },
    );
    expect(replies).toEqual(Array.from({ length: 20 }, () => 'OK'));
  });

  it('asks every node that it writes to whether a replica has it', async () => {
    const masters = redis.clients.for('background').nodes('master');
    const ids = await Promise.all(masters.map((node) => node.client('ID')));
    await executor.execute(
      keys.map((key) => set(key, key)),
      { traffic: 'background', replicated: true },
    );
    // Another connection looks, because looking is a command too.
    const other = new TestRedis(testConfig('sns_test_unused'));
    try {
      await other.command('get', keys[0]!);
      const lists = await Promise.all(
        other.clients
          .for('background')
          .nodes('master')
          .map((node) => node.client('LIST')),
      );
      const last = (lists as string[]).map((list) =>
        ids.map((id) => new RegExp(`^id=${id} .* cmd=(\\S+)`, 'm').exec(list)?.[1]),
      );
      for (const commands of last) expect(commands).toContain('wait');
    } finally {
      await other.close();
    }
  });

  it('sends the source of a script that a node does not know or has forgotten', async () => {
    const echo = script(`return { KEYS[1], ARGV[1], '${run}' }`);
    const calls = keys.slice(0, 30).map((key, index) => scriptCommand(echo, [key], [index]));
    const expected = keys.slice(0, 30).map((key, index) => [key, String(index), run]);
    expect(await executor.execute(calls, options)).toEqual(expected); // nobody has ever seen it
    expect(await executor.execute(calls, options)).toEqual(expected);
    await Promise.all(
      redis.clients
        .for('request')
        .nodes('master')
        .map((node) => node.script('FLUSH')),
    );
    expect(await executor.execute(calls, options)).toEqual(expected);
  });

  it("reports one command's error and still runs the others", async () => {
    const [broken, ...others] = keys.slice(0, 10);
    await executor.execute([set(broken!, 'not a sorted set')], options);
    const commands = [
      ...others.slice(0, 4).map((key) => set(key, 'ran')),
      { name: 'zcard', key: broken!, args: [broken!] },
      ...others.slice(4).map((key) => set(key, 'ran')),
    ];
    await expect(executor.execute(commands, options)).rejects.toThrow('WRONGTYPE');
    expect(await executor.execute(others.map(get), options)).toEqual(others.map(() => 'ran'));
  });

  it('keeps the answers that came, when others do not come in time', async () => {
    const slow = script("local t = redis.call('TIME')[1] + 2 while redis.call('TIME')[1] + 0 < t do end return 'late'");
    const [here] = keys;
    const { slots } = redis.clients.for('request');
    const elsewhere = keys.find((key) => slots[calculateSlot(key)]![0] !== slots[calculateSlot(here!)]![0])!;
    await executor.execute([set(elsewhere, 'there')], options);
    const [late, inTime] = await executor.outcomes([scriptCommand(slow, [here!], []), get(elsewhere)], options);
    expect(late!.error).toBeInstanceOf(RedisUnavailableError);
    expect(inTime).toEqual({ reply: 'there' });
    await executor.execute([get(here!)], { traffic: 'background' }); // until it serves again
  });

  describe('a command that must run once only', () => {
    const increment = (key: string): RedisCommand => ({ ...keyCommand('incr', key), once: true });

    it('runs once', async () => {
      const key = `test:${run}:once`;
      expect(await executor.execute([increment(key), increment(key)], options)).toEqual([1, 2]);
    });

    it('is not sent again when its connection breaks before the answer', async () => {
      const key = `test:${run}:broken`;
      const cluster = redis.clients.for('request');
      const owner = cluster.slots[calculateSlot(key)]![0];
      const node = cluster.nodes('master').find((one) => `${one.options.host}:${one.options.port}` === owner)!;
      await node.ping();
      const sent = executor.outcomes([increment(key)], options);
      await Promise.resolve();
      setImmediate(() => node.stream.destroy());
      const [outcome] = await sent;
      const counted = await executor.execute<string | null>([get(key)], { traffic: 'background' });
      // It ran once or not at all; which of them nobody can know if there was no answer.
      const possible = outcome!.error ? [0, 1] : [1];
      expect(possible).toContain(Number(counted[0] ?? 0));
      await until(() => cluster.nodes('master').length === 3, { what: 'the connection to be there again' });
    });

    it('follows the cluster to where it has certainly not run', async () => {
      const key = `test:${run}:moved`;
      const { slots } = redis.clients.for('request');
      const slot = calculateSlot(key);
      const truth = slots[slot]!;
      const other = slots.find((owners) => owners[0] !== truth[0])!;
      slots[slot] = [...other];
      try {
        expect(await executor.execute([increment(key)], options)).toEqual([1]);
      } finally {
        slots[slot] = truth;
      }
    });
  });

  describe('with an outdated map of the slots', () => {
    const withOwner = async (key: string, owner: (owners: string[]) => string[], work: () => Promise<void>) => {
      const { slots } = redis.clients.for('request');
      const slot = calculateSlot(key);
      const truth = slots[slot]!;
      slots[slot] = owner(truth);
      try {
        await work();
      } finally {
        slots[slot] = truth;
      }
    };
    const anotherNode = ([owner]: string[]) => {
      const masters = redis.clients.for('request').nodes('master');
      const other = masters
        .map(({ options: { host, port } }) => `${host}:${port}`)
        .find((address) => address !== owner);
      return [other!];
    };

    it.each([
      ['names another master', anotherNode],
      ['names no node', () => []],
      ['names a node that is gone', () => ['127.0.0.1:1']],
    ])('that %s it finds the owner', async (_, owner) => {
      const sum = script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
      const key = `test:${run}:counter:${randomBytes(4).toString('hex')}`;
      await executor.execute([scriptCommand(sum, [key], [1])], options);
      await withOwner(key, owner, async () => {
        const commands = [set(keys[0]!, 'a'), scriptCommand(sum, [key], [2]), set(keys[1]!, 'b')];
        expect(await executor.execute(commands, options)).toEqual(['OK', 3, 'OK']);
      });
      await executor.execute([{ name: 'del', key, args: [key] }], options);
    });
  });
});
