import type { Redis } from 'ioredis';
import type { Outcome } from './outcomes.js';
import type { RedisCommand } from './redis-command.js';
import { isReplyError, withinDeadline } from './redis-unavailable.error.js';

/** The connection to a node failed; what it had answered before is kept. */
export class NodeFailure extends Error {
  override name = 'NodeFailure';

  constructor(
    /** In the order of the commands; empty when nothing was sent. */
    readonly outcomes: Outcome[],
    options?: ErrorOptions,
  ) {
    super('the connection to the node failed', options);
  }
}

/** Sends commands to one node. @returns outcomes in the order of the commands */
export async function sendPipeline(node: Redis, commands: RedisCommand[]): Promise<Outcome[]> {
  shareWrites(node);
  const pipeline = node.pipeline();
  for (const command of commands) pipeline.call(command.name, ...command.args);
  const results = (await pipeline.exec()) ?? [];
  return results.map(([error, reply]) => (error ? { error } : { reply }));
}

/**
 * All that goes to a node in this turn of the event loop goes in one write: what costs is to call the kernel and to wake
 * the node, not the bytes.
 */
function shareWrites({ stream }: Redis): void {
  if (!stream?.writable || stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
}

/**
 * Waits for what a node answers to commands, for a bounded time.
 *
 * @param answer nothing when there is no connection
 * @throws NodeFailure when a command has no answer of the node itself
 */
export async function answersOf(
  commands: readonly RedisCommand[],
  answer: Promise<Outcome[]> | undefined,
  withinMs: number,
): Promise<Outcome[]> {
  if (!answer) throw new NodeFailure([]);
  let outcomes: Outcome[];
  try {
    outcomes = await withinDeadline(answer, withinMs);
  } catch (error) {
    throw new NodeFailure(
      commands.map(() => ({ error: error as Error })),
      { cause: error },
    );
  }
  if (outcomes.every(isAnswered)) return outcomes;
  throw new NodeFailure(outcomes);
}

/** Whether the node itself answered, be it with a refusal. */
export const isAnswered = (outcome: Outcome): boolean => !outcome.error || isReplyError(outcome.error);
