/** The command cannot go on. The message is one line for the operator at the terminal and says what to do. */
export class OutboxError extends Error {
  override name = 'OutboxError';
}
