import type { Redis } from 'ioredis';

/** How long a write waits for a replica to have it, so that a failover loses less (`WAIT 1 100`). */
const REPLICA_WAIT_MS = 100;

interface Waits {
  underWay: Promise<void>;
  next?: Promise<void> | undefined;
}

const waits = new WeakMap<Redis, Waits>();

/**
 * Waits until a replica has what a connection has written so far, or for a tenth of a second. Never throws: a wait that fails
 * is one that was in vain.
 *
 * A wait blocks its connection, so there is one at a time: who comes while one is under way shares the next one, which
 * covers all that was written before it. (Group commit, as databases do with their logs.)
 */
export function replicaHasWrites(node: Redis): Promise<void> {
  let state = waits.get(node);
  if (!state) waits.set(node, (state = { underWay: Promise.resolve() }));
  const { underWay } = state;
  state.next ??= underWay.then(() => {
    state.underWay = state.next!;
    state.next = undefined;
    return waitOnce(node);
  });
  return state.next;
}

async function waitOnce(node: Redis): Promise<void> {
  try {
    await node.call('wait', 1, REPLICA_WAIT_MS);
  } catch {
    // The writes were answered; the failover replay brings back what a failover loses.
  }
}
