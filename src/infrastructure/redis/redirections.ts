import calculateSlot from 'cluster-key-slot';
import type { Cluster } from 'ioredis';
import { followWhenLate } from './late-commands.js';
import { withSource, type RedisCommand } from './redis-command.js';
import { isReplyError } from './redis-unavailable.error.js';

/** Refusals that mean "not executed here"; the cluster client follows them, and the scripts' source cures the last one. */
const NOT_EXECUTED = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN|READONLY|NOSCRIPT)\b/;
const MOVED = /^MOVED \d+ (\S+)$/;

/**
 * Sends an idempotent command again, wherever the cluster says, as often as the client is patient.
 *
 * @throws the error itself when sending again would not help
 */
export async function sendAgain(cluster: Cluster, command: RedisCommand, error: Error): Promise<unknown> {
  if (isReplyError(error) && !NOT_EXECUTED.test(error.message)) throw error;
  const { name, args } = withSource(command);
  return cluster.call(name, ...args);
}

/**
 * Sends a command that is not idempotent one more time, only if it was certainly not carried out, and never leaves it to
 * a client that would send it again by itself.
 *
 * @throws the error itself when it may have been carried out, or when there is nobody else to send it to
 */
export async function sendOnceMore(cluster: Cluster, command: RedisCommand, error: Error): Promise<unknown> {
  if (!isReplyError(error)) throw error;
  const forgotten = error.message.startsWith('NOSCRIPT') ? cluster.slots[calculateSlot(command.key)]?.[0] : undefined;
  const address = MOVED.exec(error.message)?.[1] ?? forgotten;
  const node = cluster.nodes('master').find(({ options: { host, port } }) => `${host}:${port}` === address);
  if (!node) throw error;
  const { name, args } = withSource(command);
  const answer = node.call(name, ...args);
  const outcomes = answer.then(
    (reply) => [{ reply }],
    (failure: Error) => [{ error: failure }],
  );
  void followWhenLate(node, [command], outcomes);
  return answer;
}
