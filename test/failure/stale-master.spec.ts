import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule } from '../../src/config/config.module.js';
import { keyCommand } from '../../src/infrastructure/redis/redis-command.js';
import { RedisClients } from '../../src/infrastructure/redis/redis-clients.js';
import { RedisExecutor } from '../../src/infrastructure/redis/redis-executor.js';
import { RedisModule } from '../../src/infrastructure/redis/redis.module.js';
import { RedisFailover } from '../support/redis-failover.js';
import { TestRedis } from '../support/redis.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { testConfig } from '../support/test-config.js';

describe('A master that stood still while its replica took its place', () => {
  let module: TestingModule;
  let redis: TestRedis;
  let failover: RedisFailover;
  const key = `test:${randomBytes(4).toString('hex')}`;

  beforeAll(async () => {
    const config = testConfig('sns_test_unused');
    module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(config), RedisModule] }).compile();
    await module.init();
    redis = new TestRedis(config);
    failover = new RedisFailover(redis);
    await redis.command('set', key, 'before', 'EX', 600);
  });
  afterAll(async () => {
    await redis?.close();
    await module?.close();
  });

  it('is not believed when it wakes up and acknowledges what it was sent meanwhile', async () => {
    const shard = await failover.shardOf(key);
    const executor = module.get(RedisExecutor);
    const client = module.get(RedisClients).for('background');
    const refresh = jest.spyOn(client, 'refreshSlotsCache').mockImplementation(() => undefined); // its map is out of date
    try {
      const { answer } = await services.whileFrozen(failover.serviceOf(shard.master), async () => {
        await failover.untilRole(shard.replica, 'master');
        return { answer: write('after') };
      });
      // Nobody who is told that it was written may find that it was not.
      const wasBelieved = (await answer) === 'OK';
      await failover.untilRole(shard.master, 'slave');
      expect(await redis.command('get', key)).toBe(wasBelieved ? 'after' : 'before');

      refresh.mockRestore();
      await until(async () => (await write('after')) === 'OK', { what: 'a try that is believed', timeoutMs: 30_000 });
      expect(await redis.command('get', key)).toBe('after');
    } finally {
      refresh.mockRestore();
      await failover.restore(shard);
    }

    async function write(value: string): Promise<unknown> {
      const command = keyCommand('set', key, value, 'EX', 600);
      const [outcome] = await executor.outcomes([command], { traffic: 'background', replicated: true });
      return outcome!.error ?? (outcome as { reply: unknown }).reply;
    }
  }, 120_000);
});
