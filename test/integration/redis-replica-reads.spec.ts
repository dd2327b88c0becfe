import { randomBytes } from 'node:crypto';
import calculateSlot from 'cluster-key-slot';
import { keyCommand } from '../../src/infrastructure/redis/redis-command.js';
import { RedisExecutor } from '../../src/infrastructure/redis/redis-executor.js';
import { TestRedis } from '../support/redis.js';
import { testConfig } from '../support/test-config.js';
import { until } from '../support/settle.js';

const REPLICA = { traffic: 'request', read: 'replica' } as const;

describe('Reads that prefer a replica', () => {
  let redis: TestRedis;
  let executor: RedisExecutor;
  const run = randomBytes(4).toString('hex');
  const keys = Array.from({ length: 30 }, (_, index) => `test:${run}:${index}`);

  beforeAll(async () => {
    redis = new TestRedis(testConfig('sns_test_unused'));
    executor = redis.executor;
    await redis.commands(keys.map((key) => keyCommand('set', key, key, 'EX', 60)));
  });
  afterAll(() => redis?.close());

  /** How often each role carried out a `get` of these keys while `work` ran, by the nodes' own statistics. */
  async function getsDuring(work: () => Promise<unknown>): Promise<{ master: number; slave: number }> {
    const cluster = redis.clients.for('request');
    const count = async (role: 'master' | 'slave') => {
      const texts = await Promise.all(cluster.nodes(role).map((node) => node.info('commandstats')));
      return texts.reduce((sum, text) => sum + Number(/cmdstat_get:calls=(\d+)/.exec(text)?.[1] ?? 0), 0);
    };
    const before = { master: await count('master'), slave: await count('slave') };
    await work();
    return { master: (await count('master')) - before.master, slave: (await count('slave')) - before.slave };
  }

  it('are answered by the replicas', async () => {
    const read = () =>
      executor.execute<string>(
        keys.map((key) => keyCommand('get', key)),
        REPLICA,
      );
    await until(async () => (await read()).join() === keys.join(), { what: 'the replicas to have the keys' });
    const { slave } = await getsDuring(read);
    expect(slave).toBeGreaterThanOrEqual(keys.length);
  });

  it('are not what a read gets that did not ask for it', async () => {
    const { master } = await getsDuring(() =>
      executor.execute(
        keys.map((key) => keyCommand('get', key)),
        { traffic: 'request' },
      ),
    );
    expect(master).toBeGreaterThanOrEqual(keys.length);
  });

  it('are answered by the master where no replica is known', async () => {
    const { slots } = redis.clients.for('request');
    const [key] = keys;
    const slot = calculateSlot(key!);
    const owners = slots[slot]!;
    slots[slot] = [owners[0]!];
    try {
      expect(await executor.execute([keyCommand('get', key!)], REPLICA)).toEqual([key]);
    } finally {
      slots[slot] = owners;
    }
  });

  it('are answered by the master where the replica refuses, such as a write that was sent to it', async () => {
    expect(await executor.execute([keyCommand('set', keys[0]!, keys[0]!, 'EX', 60)], REPLICA)).toEqual(['OK']);
  });
});
