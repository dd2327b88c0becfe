import type { Redis } from 'ioredis';
import { withinDeadline } from './redis-unavailable.error.js';

/** A node that is asked answers within a millisecond; one that does not is left out. */
export const ASKED_WITHIN_MS = 1_000;
/** Others who wait for the same master wait as long. */
const CONFIRMED_WITHIN_MS = 200;

/** A node of the cluster, as one of them sees it. */
export interface SeenNode {
  id: string;
  /** It is the one that was asked. */
  isMyself: boolean;
  isMaster: boolean;
  /** Most masters agree that it does not answer. */
  hasFailed: boolean;
  /** How many slots it owns. */
  slots: number;
}

/** Asks a node what it knows of the cluster; its map, not that of the client, which may be seconds old. */
export async function nodesSeenBy(node: Redis): Promise<SeenNode[]> {
  return ((await node.cluster('NODES')) as string).trim().split('\n').map(toSeenNode);
}

/**
 * Whether the other masters, too, take one for a master. One that stood still while its replica took its place acknowledges
 * what it finds in its sockets before it hears of that; all of it is lost.
 */
export async function isMasterToOthers(node: Redis, others: readonly Redis[]): Promise<boolean> {
  const ask = (one: Redis): Promise<SeenNode[]> => withinDeadline(nodesSeenBy(one), CONFIRMED_WITHIN_MS);
  const [own, ...views] = await Promise.allSettled([node, ...others].map(ask));
  const myself = own!.status === 'fulfilled' ? own!.value.find(({ isMyself }) => isMyself) : undefined;
  if (!myself?.isMaster) return false;
  const seen = views.flatMap((view) =>
    view.status === 'fulfilled' ? [view.value.find(({ id }) => id === myself.id)] : [],
  );
  // Whom nobody else can confirm may be cut off with us.
  if (seen.length === 0) return others.length === 0;
  return seen.every((one) => one && one.isMaster && !one.hasFailed && one.slots > 0);
}

/** A line: <id> <address> <flags> <master> <ping> <pong> <epoch> <link> <slot> <first>-<last> [<slot>->-<id>] … */
function toSeenNode(line: string): SeenNode {
  const [id = '', , flagList = '', , , , , , ...ranges] = line.split(' ');
  const flags = flagList.split(',');
  return {
    id,
    isMyself: flags.includes('myself'),
    isMaster: flags.includes('master'),
    hasFailed: flags.includes('fail'),
    slots: ranges.reduce((sum, range) => sum + slotsOf(range), 0),
  };
}

function slotsOf(range: string): number {
  const [first, last = first] = range.split('-').map(Number);
  return range.startsWith('[') ? 0 : last! - first! + 1;
}
