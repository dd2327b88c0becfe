import calculateSlot from 'cluster-key-slot';
import type { RedisCommand } from './redis-command.js';

/** Commands of one node with their places in the caller's order. */
export interface NodeGroup {
  commands: RedisCommand[];
  positions: number[];
}

/**
 * Groups commands by the node that is to carry them out: a pipeline must not span nodes.
 *
 * @param nodeOf the node for a slot as `host:port`; `undefined` for a slot that nobody owns at the moment
 * @returns groups by node; the empty name collects commands that have none
 */
export function groupByNode(
  commands: readonly RedisCommand[],
  nodeOf: (slot: number) => string | undefined,
): Map<string, NodeGroup> {
  const groups = new Map<string, NodeGroup>();
  commands.forEach((command, position) => {
    const node = nodeOf(calculateSlot(command.key)) ?? '';
    let group = groups.get(node);
    if (!group) groups.set(node, (group = { commands: [], positions: [] }));
    group.commands.push(command);
    group.positions.push(position);
  });
  return groups;
}
