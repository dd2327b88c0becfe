import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { ASKED_WITHIN_MS, nodesSeenBy } from './cluster-map.js';
import { RedisClients } from './redis-clients.js';
import { withinDeadline } from './redis-unavailable.error.js';

const SLOTS = 16_384;

/** Who owned the slots at a moment, as the owners say themselves. */
export interface MastersSeen {
  /**
   * By node id, the life that the master is in: its run id, which is another one after every start, and its replication
   * id, which is another one after every promotion. Writes of one life may be missing in the next.
   */
  lives: Record<string, string>;
  /** Whether every slot has an owner among them. */
  complete: boolean;
}

/** Looks at the masters of the Redis Cluster. */
@Injectable()
export class RedisMasters {
  constructor(private readonly clients: RedisClients) {}

  /** Asks every node itself: the map of the client may be seconds old. Never rejects. */
  async look(): Promise<MastersSeen> {
    const nodes = this.clients.for('background').nodes('all');
    const answers = await Promise.allSettled(nodes.map((node) => withinDeadline(lifeOf(node), ASKED_WITHIN_MS)));
    const masters = answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value] : []));
    const owned = masters.reduce((sum, { slots }) => sum + slots, 0);
    return {
      lives: Object.fromEntries(masters.map(({ nodeId, life }) => [nodeId, life])),
      complete: owned >= SLOTS,
    };
  }
}

/** @returns nothing of a node that owns no slot */
async function lifeOf(node: Redis): Promise<{ nodeId: string; life: string; slots: number } | undefined> {
  const [seen, info] = await Promise.all([nodesSeenBy(node), node.info()]);
  const myself = seen.find(({ isMyself }) => isMyself);
  if (!myself?.isMaster || myself.slots === 0) return undefined;
  return { nodeId: myself.id, life: `${field(info, 'run_id')}:${field(info, 'master_replid')}`, slots: myself.slots };
}

const field = (info: string, name: string): string => new RegExp(`^${name}:(\\w+)`, 'm').exec(info)?.[1] ?? '';
