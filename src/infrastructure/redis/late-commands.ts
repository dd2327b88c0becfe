import type { Redis } from 'ioredis';
import { inTime } from './deadline.js';
import { isAnswered } from './node-pipeline.js';
import type { Outcome } from './outcomes.js';
import type { RedisCommand } from './redis-command.js';

/** When an answer counts as late: long after every request has gone on without it. */
const LATE_MS = 500;

/**
 * What has no answer may lie in a socket, and be carried out when the network is whole again or the node wakes up. Sends behind it, on the
 * same connection, what makes that harmless: a connection keeps the order. No breaker holds it back, and nobody waits for it.
 *
 * Nothing can be done about a connection that breaks with something on its way.
 *
 * @param commands that were just sent
 * @param answer outcomes in the order of the commands
 */
export async function followWhenLate(
  node: Redis,
  commands: readonly RedisCommand[],
  answer: Promise<readonly Outcome[]>,
): Promise<void> {
  if (!commands.some(({ ifLate }) => ifLate)) return;
  const begunMs = performance.now();
  const answered = await inTime(answer, LATE_MS).catch(() => undefined);
  // A process that was frozen meanwhile does not know when the answer came.
  const outcomes = performance.now() - begunMs > LATE_MS ? undefined : answered?.value;
  commands.forEach(({ ifLate }, index) => {
    const outcome = outcomes?.[index];
    if (!ifLate || (outcome && isAnswered(outcome))) return;
    node.call(ifLate.name, ...ifLate.args).catch(() => undefined); // there is nothing else to do
  });
}
