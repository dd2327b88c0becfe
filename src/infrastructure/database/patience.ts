import { POOL_TIMEOUT } from './mysql-errors.js';

/** Gives up on a pool that has no connection to spare: a client is better told to come back than left hanging. */
const ACQUIRE_TIMEOUT_MS = 1_500;

/** Those who wait for a connection of one pool, and when they no longer do. */
export class Patience {
  /** Tells those who wait for a connection that they wait in vain. */
  private readonly waiting = new Set<(reason: Error) => void>();

  /**
   * Waits until there is a connection, patience is at an end, or the server is found to be silent.
   *
   * @param name of the node, for the error
   */
  async waitFor(connection: Promise<unknown>, name: string): Promise<void> {
    let giveUp!: (reason: Error) => void;
    const inVain = new Promise<never>((_, reject) => (giveUp = reject));
    const timer = setTimeout(
      () => giveUp(Object.assign(new Error(`no connection to ${name} became free`), { code: POOL_TIMEOUT })),
      ACQUIRE_TIMEOUT_MS,
    );
    this.waiting.add(giveUp);
    try {
      await Promise.race([connection, inVain]);
    } finally {
      clearTimeout(timer);
      this.waiting.delete(giveUp);
    }
  }

  /** Fails for everybody who waits now. */
  giveUp(reason: Error): void {
    for (const giveUp of this.waiting) giveUp(reason);
  }
}
