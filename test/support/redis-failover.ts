import type { Redis } from 'ioredis';
import type { TestRedis } from './redis.js';
import { services } from './services.js';
import { until } from './settle.js';

const NODES = process.env['REDIS_NODES']!.split(',');
/** A cluster needs about 4 s to promote a replica; a loaded machine more. */
const TIMEOUT_MS = 60_000;

/** A master, the replica that would take its place, and how the tests' runner names them. */
export interface Shard {
  master: string;
  replica: string;
}

const serviceOf = (address: string): string => `redis-${NODES.indexOf(address) + 1}`;

/** Cuts masters off from their replicas, kills and restarts them. */
export class RedisFailover {
  constructor(private readonly redis: TestRedis) {}

  /** The shard that a key lies in. */
  async shardOf(key: string): Promise<Shard> {
    const cluster = this.redis.clients.for('background');
    const slot = (await (await this.node(NODES[0]!)).cluster('KEYSLOT', key)) as number;
    const [master, replica] = cluster.slots[slot]!;
    return { master: master!, replica: replica! };
  }

  /**
   * From now on the replica gets nothing of what the master acknowledges: it is frozen, and its connection is cut, so
   * that nothing waits in it either.
   */
  async cutOff({ master, replica }: Shard): Promise<void> {
    await services.pause(serviceOf(replica));
    await (await this.node(master)).call('CLIENT', 'KILL', 'TYPE', 'replica');
  }

  /** Kills the master; the replica wakes up and takes its place. */
  async failOver({ master, replica }: Shard): Promise<void> {
    await services.kill(serviceOf(master));
    await services.resume(serviceOf(replica));
    await this.untilRole(replica, 'master');
  }

  /** Keeps the master from writing its data to its disk. */
  async stopSaving({ master }: Shard): Promise<void> {
    await (await this.node(master)).config('SET', 'appendonly', 'no');
  }

  /** Kills the master and starts it at once, so that it keeps its place. */
  async restart({ master, replica }: Shard): Promise<void> {
    await services.kill(serviceOf(master));
    await services.start(serviceOf(master));
    await services.resume(serviceOf(replica));
    await this.untilRole(master, 'master');
  }

  /** Starts what was killed and gives everybody the role it had. */
  async restore({ master, replica }: Shard): Promise<void> {
    await services.resume(serviceOf(replica));
    await services.start(serviceOf(master));
    const isInSync = async () => {
      const info = await this.replicationOf(master);
      return /^role:master/m.test(info) ? undefined : /^master_link_status:up/m.test(info);
    };
    if (/^role:master/m.test(await this.replicationOf(replica))) {
      await until(isInSync, { what: `${master} to be in sync`, timeoutMs: TIMEOUT_MS });
      await (await this.node(master)).cluster('FAILOVER');
    }
    await this.untilRole(master, 'master');
    await this.untilRole(replica, 'slave');
  }

  private async untilRole(address: string, role: 'master' | 'slave'): Promise<void> {
    const has = async () => {
      const cluster = this.redis.clients.for('background');
      cluster.refreshSlotsCache();
      return new RegExp(`^role:${role}`, 'm').test(await this.replicationOf(address));
    };
    await until(has, { what: `${address} to be a ${role}`, timeoutMs: TIMEOUT_MS });
  }

  /** The client forgets a node that is away, and learns of it again. */
  private node(address: string): Promise<Redis> {
    const cluster = this.redis.clients.for('background');
    const find = () => {
      const nodes = cluster.nodes('all');
      const node = nodes.find(({ options: { host, port } }) => `${host}:${port}` === address);
      if (!node) cluster.refreshSlotsCache();
      return node;
    };
    return until(find, { what: `${address} to be known`, timeoutMs: TIMEOUT_MS });
  }

  private async replicationOf(address: string): Promise<string> {
    return (await this.node(address)).info('replication');
  }
}
