/** The load cannot go on. The message is one line for the person at the terminal and says what to do. */
export class LoadError extends Error {
  override name = 'LoadError';
}
