import type { Redis } from 'ioredis';
import { SharedTurns } from '../../common/shared-turns.js';

/** How long a write waits for a replica to have it, so that a failover loses less (`WAIT 1 100`). */
const REPLICA_WAIT_MS = 100;

/** A wait blocks its connection, so there is one at a time, and it is shared. */
const waits = new WeakMap<Redis, SharedTurns<boolean>>();

/**
 * Waits until a replica has what a connection has written so far, or for a tenth of a second. Never throws: a wait that fails
 * is one that was in vain.
 *
 * @param isStillMaster asked when no replica has it
 * @returns whether the writes are kept as well as can be known: by a replica, or by a node that is master without one
 */
export function areWritesKept(node: Redis, isStillMaster: () => Promise<boolean>): Promise<boolean> {
  let turns = waits.get(node);
  if (!turns) waits.set(node, (turns = new SharedTurns()));
  return turns.next(() => waitOnce(node, isStillMaster));
}

async function waitOnce(node: Redis, isStillMaster: () => Promise<boolean>): Promise<boolean> {
  try {
    if (Number(await node.call('wait', 1, REPLICA_WAIT_MS)) > 0) return true;
  } catch {
    // A replica refuses to wait: the node may have become one.
  }
  return isStillMaster();
}
