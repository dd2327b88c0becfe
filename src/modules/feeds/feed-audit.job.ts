import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { batches } from '../../common/batches.js';
import { AppConfig } from '../../config/app-config.js';
import { KeyScanner, SCAN_START } from '../../infrastructure/redis/key-scanner.js';
import { JobMetrics, SKIPPED, type RunOutcome } from '../../infrastructure/metrics/job.metrics.js';
import { JobTurns } from '../../infrastructure/scheduling/job-turns.js';
import { Repeated } from '../../infrastructure/scheduling/repeated.js';
import { FeedAudit } from './feed-audit.js';

/** Every feed is looked at once in this time, if the share below suffices; with the 10 s that a post may take, within 60 s. */
const ROUND_SECONDS = 30;
/** Share of the time that a walk over a node works, most of which is waiting for MySQL and Redis. */
const MOST_OF_THE_TIME = 0.1;
/** Feeds that are looked at together: full ones are 800 kB, and 0.1 s of work for this process. */
const BATCH = 25;
/** Keys of one look at a node, so that a small one is not walked over again and again. */
const FEWEST_KEYS = 10;
const MOST_KEYS = 200;
/** Turns missed before another worker takes over. */
const MISSED_TURNS = 10;

/** Audits feeds a little every `FEED_AUDIT_INTERVAL`, on one worker at a time; another goes on where it was. */
@Injectable()
export class FeedAuditJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: Repeated;
  private readonly turn: string;
  private readonly intervalMs: number;
  private hasStarted = false;

  constructor(
    private readonly audit: FeedAudit,
    private readonly scanner: KeyScanner,
    private readonly turns: JobTurns,
    jobs: JobMetrics,
    config: AppConfig,
  ) {
    this.intervalMs = config.feed.auditIntervalMs;
    this.turn = `feed-audit-${config.mysql.database}`; // a Redis may serve more than one schema, as in tests
    this.job = new Repeated(
      'auditing feeds',
      this.intervalMs,
      jobs.measured('auditing feeds', () => this.tick()),
    );
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** Nothing at first: a worker that starts has more urgent things to do. */
  private async tick(): Promise<RunOutcome> {
    if (this.hasStarted) return this.run();
    this.hasStarted = true;
    return SKIPPED;
  }

  /** One step on every node, if it is this worker's turn. */
  private async run(): Promise<RunOutcome> {
    const state = await this.turns.take(this.turn, this.intervalMs * MISSED_TURNS);
    if (state === undefined) return SKIPPED;
    const before: Cursors = state === '' ? {} : (JSON.parse(state) as Cursors);
    const masters = this.scanner.masters();
    const steps = await Promise.allSettled(masters.map((master) => this.step(master, before[master] ?? SCAN_START)));
    // A node that does not answer keeps its place, and the others go on.
    const places = steps.map((step, index) => [
      masters[index]!,
      step.status === 'fulfilled' ? step.value : before[masters[index]!],
    ]);
    await this.turns.leave(this.turn, JSON.stringify(Object.fromEntries(places)));
    for (const step of steps) if (step.status === 'rejected') throw step.reason;
  }

  /** @returns the cursor to go on from */
  private async step(master: string, from: string): Promise<string> {
    const due = Math.ceil(((await this.scanner.size(master)) * this.intervalMs) / 1_000 / ROUND_SECONDS);
    const looked = Math.min(Math.max(due, FEWEST_KEYS), MOST_KEYS);
    const endMs = performance.now() + this.intervalMs * MOST_OF_THE_TIME;
    let at = from;
    for (let done = 0; done < due && performance.now() < endMs; done += looked) {
      const { cursor, keys } = await this.scanner.next(master, at, 'feed:*', looked);
      for (const some of batches(keys, BATCH)) await this.audit.look(some);
      at = cursor;
      if (cursor === SCAN_START) break;
    }
    return at;
  }
}

/** How far the walk over each node has come. */
type Cursors = Record<string, string | undefined>;
