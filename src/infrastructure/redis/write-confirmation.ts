import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import { isMasterToOthers } from './cluster-map.js';
import { areWritesKept } from './replica-waits.js';
import type { RedisCommand } from './redis-command.js';
import { RedisUnavailableError } from './redis-unavailable.error.js';

/**
 * Waits until replicas have writes that were acknowledged.
 *
 * @param writer the node that was asked, if it has carried out any; others were carried out by whoever owns their keys now
 * @throws RedisUnavailableError when they may be lost already, because a node that has no replica may not be master any more
 */
export async function confirmWrites(
  cluster: Cluster,
  writer: Redis | undefined,
  commands: readonly RedisCommand[],
): Promise<void> {
  const masters = cluster.nodes('master');
  const owners = new Set(commands.map(({ key }) => cluster.slots[calculateSlot(key)]?.[0]));
  const owning = masters.filter(({ options }) => owners.has(`${options.host}:${options.port}`));
  const writers = new Set(writer ? [writer, ...owning] : owning);
  if (writers.size === 0) throw new RedisUnavailableError('whoever has acknowledged it is out of reach');
  const kept = await Promise.all(
    [...writers].map((node) => {
      const others = masters.filter((other) => other !== node);
      return areWritesKept(node, () => isMasterToOthers(node, others));
    }),
  );
  if (kept.every(Boolean)) return;
  cluster.refreshSlotsCache();
  throw new RedisUnavailableError('acknowledged by a node that has no replica and may not be master any more');
}
