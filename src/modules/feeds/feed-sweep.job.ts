import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { AppConfig } from '../../config/app-config.js';
import { KeyScanner, SCAN_START } from '../../infrastructure/redis/key-scanner.js';
import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { JobMetrics, SKIPPED, type RunOutcome } from '../../infrastructure/metrics/job.metrics.js';
import { JobTurns } from '../../infrastructure/scheduling/job-turns.js';
import { FeedSweep } from './feed-sweep.js';
import { FeedMetrics } from './feed.metrics.js';

const JOB = 'feed-sweep';
/** Turns missed before another worker takes over. */
const MISSED_TURNS = 10;

/** Sweeps feeds a little every `FEED_SWEEP_INTERVAL`, on one worker at a time; another goes on where it was. */
@Injectable()
export class FeedSweepJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(FeedSweepJob.name);
  private readonly step: () => Promise<void>;
  private running?: Promise<void>;

  constructor(
    private readonly sweep: FeedSweep,
    private readonly scanner: KeyScanner,
    private readonly turns: JobTurns,
    private readonly metrics: FeedMetrics,
    private readonly scheduler: SchedulerRegistry,
    private readonly config: AppConfig,
    jobs: JobMetrics,
  ) {
    this.step = jobs.measured('sweeping feeds', () => this.sweepNodes());
  }

  onApplicationBootstrap(): void {
    // Skipped while the one before is still at it.
    const tick = (): void => void (this.running ??= this.run().finally(() => (this.running = undefined)));
    this.scheduler.addInterval(JOB, setInterval(tick, this.config.feed.sweepIntervalMs));
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.scheduler.doesExist('interval', JOB)) this.scheduler.deleteInterval(JOB);
    await this.running;
  }

  /** One step on every node, if it is this worker's turn. */
  async run(): Promise<void> {
    try {
      await this.step();
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) this.logger.error(error, 'feeds could not be swept');
    }
  }

  private async sweepNodes(): Promise<RunOutcome> {
    const state = await this.turns.take(JOB, this.config.feed.sweepIntervalMs * MISSED_TURNS);
    if (state === undefined) return SKIPPED;
    const before = decode(state);
    const masters = this.scanner.masters();
    const steps = await Promise.allSettled(masters.map((master) => this.sweepNode(master, before)));
    // A node that does not answer keeps its place, and the others go on.
    const cursors: Cursors = {};
    steps.forEach((step, index) => {
      const master = masters[index]!;
      cursors[master] = step.status === 'fulfilled' ? step.value : before[master];
    });
    await this.turns.leave(JOB, JSON.stringify(cursors));
    for (const step of steps) if (step.status === 'rejected') throw step.reason;
  }

  private async sweepNode(master: string, before: Cursors): Promise<string> {
    const seconds = this.config.feed.sweepIntervalMs / 1_000;
    const result = await this.sweep.step(master, { cursor: before[master] ?? SCAN_START }, seconds);
    this.metrics.swept(result);
    return result.position.cursor;
  }
}

/** How far the walk over each node has come. */
type Cursors = Record<string, string | undefined>;

const decode = (state: string): Cursors => (state === '' ? {} : (JSON.parse(state) as Cursors));
