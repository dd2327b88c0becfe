import type { QueryRunner } from 'typeorm';
import { covers, lastNumbers, type LastNumbers } from './gtid-sets.js';

/** A replica that keeps up needs about 2 ms; for one that does not, the primary is asked instead. */
const GTID_WAIT_SECONDS = 0.01;
/** How long a replica is not waited for again after it was waited for in vain: a request asks several times for the same. */
const LACKS_MS = 250;

/** How long it is believed what a node has executed; none is set up anew from an older copy so quickly. */
const KNOWN_MS = 1_000;

/** Remembers which transactions of the primary one node was last found to have executed, and which not. */
export class ExecutedTransactions {
  private known: { numbers: LastNumbers; untilMs: number } = { numbers: new Map(), untilMs: 0 };
  /** What was waited for in vain last, and until when that is not done again. */
  private lacked?: { gtids: string; untilMs: number };

  /**
   * Whether the node has executed them, after waiting for them for a moment.
   *
   * @param gtids as the primary named them
   * @param queryRunner a connection to the node
   */
  async include(gtids: string, queryRunner: QueryRunner): Promise<boolean> {
    const wanted = lastNumbers(gtids);
    if (performance.now() < this.known.untilMs && covers(this.known.numbers, wanted)) return true;
    if (await waitForGtids(queryRunner, gtids, GTID_WAIT_SECONDS)) {
      // Whoever waited for more meanwhile knows better.
      const isMore = performance.now() >= this.known.untilMs || covers(wanted, this.known.numbers);
      if (isMore) this.known = { numbers: wanted, untilMs: performance.now() + KNOWN_MS };
      return true;
    }
    this.lacked = { gtids, untilMs: performance.now() + LACKS_MS };
    return false;
  }

  /** Whether the node has just been waited for in vain for these transactions. */
  lack(gtids: string): boolean {
    return this.lacked?.gtids === gtids && performance.now() < this.lacked.untilMs;
  }
}

/** Waits for the node to have executed transactions of the primary. @returns whether they came in time */
export async function waitForGtids(queryRunner: QueryRunner, gtids: string, seconds: number): Promise<boolean> {
  const [row]: { timedOut: number }[] = await queryRunner.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS timedOut', [
    gtids,
    seconds,
  ]);
  return Number(row!.timedOut) === 0;
}
