import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisClients } from './redis-clients.js';
import { withinDeadline } from './redis-unavailable.error.js';

/** A node that is asked answers within a millisecond; one that does not is left out. */
const DEADLINE_MS = 1_000;
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
    const answers = await Promise.allSettled(nodes.map((node) => withinDeadline(lifeOf(node), DEADLINE_MS)));
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
  const [map, info] = await Promise.all([node.cluster('NODES') as Promise<string>, node.info()]);
  // <id> <address> <flags> <master> <ping> <pong> <epoch> <link> <slot> <first>-<last> [<slot>->-<id>] …
  const myself = map.split('\n').find((line) => line.split(' ')[2]?.includes('myself'));
  const [nodeId, , flags, , , , , , ...ranges] = myself?.split(' ') ?? [];
  if (nodeId === undefined || !flags!.includes('master')) return undefined;
  const slots = ranges.reduce((sum, range) => sum + slotsOf(range), 0);
  return slots > 0 ? { nodeId, life: `${field(info, 'run_id')}:${field(info, 'master_replid')}`, slots } : undefined;
}

function slotsOf(range: string): number {
  const [first, last = first] = range.split('-').map(Number);
  return range.startsWith('[') ? 0 : last! - first! + 1;
}

const field = (info: string, name: string): string => new RegExp(`^${name}:(\\w+)`, 'm').exec(info)?.[1] ?? '';
