import type { Id } from '../../common/id.js';
import { ShortMemory } from '../../common/short-memory.js';
import type { OwnWrites } from './own-writes.js';

/** Well within the time for which a write's token is kept: a user who has written since then still has one. */
const KEEP_MS = 45_000;

/**
 * Remembers of users what nothing but their own writes decides, such as what they like, and forgets it when they write,
 * on whichever instance: the token of the write tells.
 */
export class OwnMemory<V> {
  private readonly memory: ShortMemory<Id, { version: string; value: V }>;

  /**
   * @param max users; the value of each should be small
   * @param ownWrites none in processes that serve nobody, which remember nothing
   */
  constructor(
    max: number,
    private readonly ownWrites?: OwnWrites,
  ) {
    this.memory = new ShortMemory(max, KEEP_MS);
  }

  /**
   * What is known of the user of this request.
   *
   * @param load finds it out, with all that the user has written
   * @returns nothing, without loading, of somebody else, and while nobody can tell who has written
   */
  async of(userId: Id, load: () => Promise<V>): Promise<V | undefined> {
    const askedMs = performance.now();
    const version = await this.ownWrites?.versionOf(userId);
    if (version === undefined) return undefined;
    const known = this.memory.get(userId);
    if (known?.version === version) return known.value;
    const value = await load();
    this.memory.set(userId, { version, value }, askedMs);
    return value;
  }
}
