import { Injectable } from '@nestjs/common';
import { batches } from '../../common/batches.js';
import { KeyScanner, SCAN_START } from '../../infrastructure/redis/key-scanner.js';
import { FeedStore, type Swept } from './feed.store.js';

/** Keys of one look at a node: a `SCAN` of this many takes far less than a millisecond. */
const LOOKED = 200;
/** Calls in flight to a node: each takes at most about half a millisecond, and others' calls come in between. */
const IN_FLIGHT = 10;
/** Every feed is looked at once in this time, whatever is found. */
const ROUND_SECONDS = 3_600;
/**
 * Share of a node's time that the sweep may take. Measured here, waiting included, so a busy node is spared; from Redis
 * 7.2 on the clock stands still within a script.
 */
const MOST_OF_A_NODE = 0.05;
/** When this share of the feeds had expired entries, the sweep goes on while its time lasts. */
const WORTH_GOING_ON = 0.1;

/** How far a walk over a node's feeds has come. */
export interface SweepPosition {
  cursor: string;
}

export interface SweepResult extends Swept {
  /** Feeds looked at. */
  feeds: number;
  /** What it may have cost the node. */
  seconds: number;
  position: SweepPosition;
}

/** Expires entries of feeds that nobody reads, and drops the feeds of those who do not come back. */
@Injectable()
export class FeedSweep {
  constructor(
    private readonly store: FeedStore,
    private readonly scanner: KeyScanner,
  ) {}

  /**
   * Goes on with the walk over one node's feeds: enough keys to see all of them within the hour, and more while much is
   * found, but never more than 5 % of the node's time.
   *
   * @param seconds since the step before
   */
  async step(master: string, position: SweepPosition, seconds: number): Promise<SweepResult> {
    const due = Math.ceil(((await this.scanner.size(master)) * seconds) / ROUND_SECONDS);
    const begunMs = performance.now();
    const result: SweepResult = { feeds: 0, entries: 0, dropped: 0, seconds: 0, position };
    for (let looked = 0; result.seconds <= seconds * MOST_OF_A_NODE;) {
      const { cursor, keys } = await this.scanner.next(master, result.position.cursor, 'feed:*', LOOKED);
      looked += LOOKED;
      const before = result.entries + result.dropped;
      for (const some of batches(keys, IN_FLIGHT)) await this.sweep(some, result);
      result.position = { cursor };
      result.seconds = (performance.now() - begunMs) / 1_000;
      const found = result.entries + result.dropped - before;
      const goOn = looked < due || found > keys.length * WORTH_GOING_ON;
      if (!goOn || cursor === SCAN_START) break;
    }
    return result;
  }

  private async sweep(keys: readonly string[], result: SweepResult): Promise<void> {
    const swept = await this.store.sweep(keys);
    result.feeds += keys.length;
    result.entries += swept.entries;
    result.dropped += swept.dropped;
  }
}
