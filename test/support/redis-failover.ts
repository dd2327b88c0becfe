import { promisify } from 'node:util';
import calculateSlot from 'cluster-key-slot';
import type { Redis } from 'ioredis';
import type { TestRedis } from './redis.js';
import { services } from './services.js';
import { until } from './settle.js';

const NODES = process.env['REDIS_NODES']!.split(',');
/** A cluster needs about 4 s to promote a replica; a loaded machine more. */
const TIMEOUT_MS = 60_000;
const ASKED_AGAIN_MS = 6_000;

/** A master, the replica that would take its place, and how the tests' runner names them. */
export interface Shard {
  master: string;
  replica: string;
}

/** Cuts masters off from their replicas, kills and restarts them. */
export class RedisFailover {
  constructor(private readonly redis: TestRedis) {}

  /** How the tests' runner names a node. */
  serviceOf(address: string): string {
    return `redis-${NODES.indexOf(address) + 1}`;
  }

  /** The shard that a key lies in. */
  async shardOf(key: string): Promise<Shard> {
    const cluster = this.redis.clients.for('background');
    const slot = (await (await this.node(NODES[0]!)).cluster('KEYSLOT', key)) as number;
    // Nodes that have just been started may not know all their replicas yet.
    return until(
      async () => {
        await promisify((done: () => void) => cluster.refreshSlotsCache(done))();
        const [master, replica] = cluster.slots[slot] ?? [];
        return master && replica ? { master, replica } : undefined;
      },
      { what: 'a shard with a replica', timeoutMs: TIMEOUT_MS },
    );
  }

  /**
   * From now on the replica gets nothing of what the master acknowledges: it is frozen, and its connection is cut, so
   * that nothing waits in it either.
   */
  async cutOff({ master, replica }: Shard): Promise<void> {
    await services.pause(this.serviceOf(replica));
    await (await this.node(master)).call('CLIENT', 'KILL', 'TYPE', 'replica');
  }

  /** Kills the master; the replica wakes up and takes its place. */
  async failOver({ master, replica }: Shard): Promise<void> {
    await services.kill(this.serviceOf(master));
    await services.resume(this.serviceOf(replica));
    await this.untilRole(replica, 'master');
  }

  /** Keeps the master from writing its data to its disk. */
  async stopSaving({ master }: Shard): Promise<void> {
    await (await this.node(master)).config('SET', 'appendonly', 'no');
  }

  /** Kills the master and starts it at once, so that it keeps its place. */
  async restart({ master, replica }: Shard): Promise<void> {
    await services.kill(this.serviceOf(master));
    await services.start(this.serviceOf(master));
    await services.resume(this.serviceOf(replica));
    await this.untilRole(master, 'master');
  }

  /** Starts what was killed and gives everybody the role it had. */
  async restore({ master, replica }: Shard): Promise<void> {
    await services.resume(this.serviceOf(replica));
    await services.start(this.serviceOf(master));
    const isInSync = async () => {
      const info = await this.replicationOf(master);
      return /^role:master/m.test(info) ? undefined : /^master_link_status:up/m.test(info);
    };
    if (/^role:master/m.test(await this.replicationOf(replica))) {
      await until(isInSync, { what: `${master} to be in sync`, timeoutMs: TIMEOUT_MS });
      await this.promote(master);
    }
    await this.untilRole(master, 'master');
    await this.untilRole(replica, 'slave');
  }

  /** A replica that is asked may not get its turn within 5 s, and gives up. */
  private async promote(address: string): Promise<void> {
    let askedMs = -Infinity;
    const isMaster = async () => {
      if (/^role:master/m.test(await this.replicationOf(address))) return true;
      if (performance.now() < askedMs + ASKED_AGAIN_MS) return false;
      askedMs = performance.now();
      await (await this.node(address)).cluster('FAILOVER');
      return false;
    };
    await until(isMaster, { what: `${address} to be promoted`, timeoutMs: TIMEOUT_MS });
  }

  async untilRole(address: string, role: 'master' | 'slave'): Promise<void> {
    const has = async () => {
      const cluster = this.redis.clients.for('background');
      cluster.refreshSlotsCache();
      return new RegExp(`^role:${role}`, 'm').test(await this.replicationOf(address));
    };
    await until(has, { what: `${address} to be a ${role}`, timeoutMs: TIMEOUT_MS });
  }

  /** The client forgets a node that is away, and learns of it again. */
  node(address: string): Promise<Redis> {
    const cluster = this.redis.clients.for('background');
    const find = () => {
      const nodes = cluster.nodes('all');
      const node = nodes.find(({ options: { host, port } }) => `${host}:${port}` === address);
      if (!node) cluster.refreshSlotsCache();
      return node;
    };
    return until(find, { what: `${address} to be known`, timeoutMs: TIMEOUT_MS });
  }

  /** Moves the slots of keys that lie in a shard to another master and back, key by key, while they are used. */
  async moveSlotsOf(keys: readonly string[], { master }: Shard): Promise<void> {
    const source = await this.node(master);
    const cluster = this.redis.clients.for('background');
    const slots = new Set(keys.map((key) => calculateSlot(key)).filter((slot) => cluster.slots[slot]![0] === master));
    const other = cluster.nodes('master').find((node) => addressOf(node) !== master)!;
    for (const slot of slots) await moveSlot(slot, source, other, cluster.nodes('master'));
    for (const slot of slots) await moveSlot(slot, other, source, cluster.nodes('master'));
  }

  private async replicationOf(address: string): Promise<string> {
    return (await this.node(address)).info('replication');
  }
}

const addressOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`;

/** As `redis-cli --cluster reshard` does it. */
async function moveSlot(slot: number, from: Redis, to: Redis, masters: readonly Redis[]): Promise<void> {
  const [fromId, toId] = (await Promise.all([from.call('CLUSTER', 'MYID'), to.call('CLUSTER', 'MYID')])) as string[];
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId!);
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId!);
  for (;;) {
    const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
    if (keys.length === 0) break;
    await from.call('MIGRATE', to.options.host!, to.options.port!, '', 0, 5_000, 'KEYS', ...keys);
  }
  // The new owner first: else the slot would belong to nobody for a moment.
  await to.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId!);
  for (const node of masters) if (node !== to) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId!);
}
