import type { Redis } from 'ioredis';

/** How long a write waits for a replica to have it, so that a failover loses less (`WAIT 1 100`). */
const REPLICA_WAIT_MS = 100;

interface Waits {
  underWay: Promise<boolean>;
  next?: Promise<boolean> | undefined;
}

const waits = new WeakMap<Redis, Waits>();

/**
 * Waits until a replica has what a connection has written so far, or for a tenth of a second. Never throws: a wait that fails
 * is one that was in vain.
 *
 * @param isStillMaster asked when no replica has it
 * @returns whether the writes are kept as well as can be known: by a replica, or by a node that is master without one
 *
 * A wait blocks its connection, so there is one at a time: who comes while one is under way shares the next one, which
 * covers all that was written before it. (Group commit, as databases do with their logs.)
 */
export function areWritesKept(node: Redis, isStillMaster: () => Promise<boolean>): Promise<boolean> {
  let state = waits.get(node);
  if (!state) waits.set(node, (state = { underWay: Promise.resolve(true) }));
  const { underWay } = state;
  state.next ??= underWay.then(() => {
    state.underWay = state.next!;
    state.next = undefined;
    return waitOnce(node, isStillMaster);
  });
  return state.next;
}

async function waitOnce(node: Redis, isStillMaster: () => Promise<boolean>): Promise<boolean> {
  try {
    if (Number(await node.call('wait', 1, REPLICA_WAIT_MS)) > 0) return true;
  } catch {
    // A replica refuses to wait: the node may have become one.
  }
  return isStillMaster();
}
