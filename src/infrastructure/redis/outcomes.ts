import { inTime } from './deadline.js';
import { RedisUnavailableError } from './redis-unavailable.error.js';

/** What became of a command: Redis' reply, or why there is none. */
export type Outcome = { reply: unknown; error?: undefined } | { error: Error };

/** Places for the outcomes of many commands, in their order, filled in by whoever learns one first. */
export class Outcomes {
  private readonly places: (Outcome | undefined)[];

  constructor(count: number) {
    this.places = Array.from({ length: count });
  }

  set(position: number, outcome: Outcome): void {
    this.places[position] ??= outcome;
  }

  /** @param missing what is said of commands that have no outcome yet */
  all(missing: () => Error): Outcome[] {
    return this.places.map((outcome) => outcome ?? { error: missing() });
  }
}

/**
 * Waits for work that fills in outcomes, for a bounded time: what has an answer by then keeps it.
 *
 * @param work never rejects
 */
export async function outcomesWithin(
  deadlineMs: number,
  outcomes: Outcomes,
  work: Promise<unknown>,
): Promise<Outcome[]> {
  await inTime(work, deadlineMs);
  return outcomes.all(() => new RedisUnavailableError(`no answer within ${Math.round(deadlineMs)} ms`));
}
