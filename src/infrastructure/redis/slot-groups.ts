import calculateSlot from 'cluster-key-slot';
import type { RedisCommand } from './redis-command.js';

/** Commands of one node with their places in the caller's order. */
export interface NodeGroup {
  commands: RedisCommand[];
  positions: number[];
}

/**
 * Groups commands by the node that owns their slot: a pipeline must not span nodes.
 *
 * @param slots owners by slot, the master first, as `host:port`
 * @returns groups by owner; the empty owner collects commands whose slot has none at the moment
 */
export function groupByOwner(commands: readonly RedisCommand[], slots: readonly string[][]): Map<string, NodeGroup> {
  const groups = new Map<string, NodeGroup>();
  commands.forEach((command, position) => {
    const owner = slots[calculateSlot(command.key)]?.[0] ?? '';
    let group = groups.get(owner);
    if (!group) groups.set(owner, (group = { commands: [], positions: [] }));
    group.commands.push(command);
    group.positions.push(position);
  });
  return groups;
}
