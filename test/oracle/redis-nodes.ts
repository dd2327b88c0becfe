import { Cluster, Redis } from 'ioredis';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import type { Id } from './feed-oracle.js';

interface Node {
  /** As `npm run stack -- status` names it. */
  name: string;
  host: string;
  port: number;
}

/** A feed as the contract says that it is stored. */
export interface StoredFeed {
  entries: { postId: Id; expiresAt: number; viewed: boolean }[];
  /** Milliseconds; -1 without one. */
  ttl: number;
}

const TAKEOVER_MS = 60_000;

/** The Redis Cluster as an operator sees it, and what may happen to it. */
export class RedisNodes {
  private readonly nodes: Node[];
  private readonly cluster: Cluster;

  constructor(
    addresses: string,
    private readonly buckets: number,
  ) {
    this.nodes = addresses.split(',').map((address, index) => {
      const [host, port] = address.split(':');
      return { name: `redis-${index + 1}`, host: host!, port: Number(port) };
    });
    this.cluster = new Cluster(this.nodes, { redisOptions: { maxRetriesPerRequest: 50 } });
  }

  /** The feed of a user; `undefined` when there is none. */
  async feed(userId: Id): Promise<StoredFeed | undefined> {
    const key = `feed:{${userId % this.buckets}}:${userId}`;
    const [members, ttl] = await Promise.all([this.cluster.zrange(key, '0', '-1'), this.cluster.pttl(key)]);
    if (members.length === 0) return undefined;
    const entries = members
      .filter((member) => !member.startsWith('0:'))
      .map((member) => {
        const [postId, expiresAt, viewed] = member.split(':');
        return { postId: Number(postId), expiresAt: Number(expiresAt), viewed: viewed === '1' };
      });
    return { entries, ttl };
  }

  /** Kills one master, waits until a replica has taken its place, and starts it again. */
  async failOver(choose: <T>(items: readonly T[]) => T): Promise<void> {
    const masters = await this.masters();
    const victim = choose(masters);
    await services.kill(victim.name);
    const survivors = this.nodes.filter((node) => node !== victim);
    // For a moment the others do not know that it is gone, and count it.
    const others = async () => (await this.masters(survivors)).filter((node) => node !== victim);
    await until(async () => (await others()).length === masters.length, {
      what: `a replica to take the place of ${victim.name}`,
      timeoutMs: TAKEOVER_MS,
    });
    await services.start(victim.name);
    await until(() => ask(victim, async (redis) => /master_link_status:up/.test(await redis.info('replication'))), {
      what: `${victim.name} to follow its successor`,
      timeoutMs: TAKEOVER_MS,
    });
  }

  /** One master neither answers nor refuses while `work` runs, and its replica may take its place. */
  async whileFrozen(choose: <T>(items: readonly T[]) => T, work: () => Promise<void>): Promise<void> {
    const victim = choose(await this.masters());
    await services.whileFrozen(victim.name, work);
    const isWell = () =>
      ask(victim, async (redis) => {
        const [cluster, replication] = [(await redis.cluster('INFO')) as string, await redis.info('replication')];
        return /cluster_state:ok/.test(cluster) && /role:master|master_link_status:up/.test(replication);
      });
    await until(isWell, { what: `${victim.name} to be well`, timeoutMs: TAKEOVER_MS });
  }

  /** Takes all data of one master. */
  async flush(choose: <T>(items: readonly T[]) => T): Promise<void> {
    await ask(choose(await this.masters()), (redis) => redis.flushall());
  }

  async close(): Promise<void> {
    await this.cluster.quit();
  }

  /** Masters that serve slots and that the cluster takes for well, as the first of some nodes says. */
  private async masters(among = this.nodes): Promise<Node[]> {
    const text = await ask(among[0]!, async (redis) => (await redis.cluster('NODES')) as string);
    const lines = text.split('\n').map((line) => line.split(' '));
    const ports = lines
      .filter(([, , flags = '', , , , , link, slots]) => {
        return (
          flags.includes('master') &&
          !flags.includes('fail') &&
          (link === 'connected' || flags.includes('myself')) &&
          slots
        );
      })
      .map(([, address]) => Number(/:(\d+)@/.exec(address!)![1]));
    return this.nodes.filter(({ port }) => ports.includes(port));
  }
}

async function ask<T>(node: Node, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(node.port, node.host, { lazyConnect: true, retryStrategy: () => null });
  // Its failure is that of the question.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
