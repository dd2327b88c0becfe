import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../database/transactional.decorator.js';
import { dueWithin } from './outbox-due.js';
import { LINES, type Lane, type Line } from './outbox-lanes.js';
import { OutboxLeaseRepository, type LeasedJob } from './outbox-lease.repository.js';
import { OutboxRunner } from './outbox-runner.js';

/**
 * From one lease to the next while there is much to do, in milliseconds. Places that become free meanwhile are filled by one
 * commit instead of several.
 */
const GATHER_MS = 10;

interface Taken {
  line: Line;
  job: LeasedJob;
}

/** Leases due jobs, as many as there are places for in each line, and has them run. Any number of workers may run one. */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OutboxRelay.name);
  private readonly running = new Map<Line, Set<Promise<void>>>(LINES.map((line) => [line, new Set()]));
  private readonly stop = new AbortController();
  private loop?: Promise<void>;

  constructor(
    private readonly repository: OutboxLeaseRepository,
    private readonly runner: OutboxRunner,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.findHandlers();
    this.loop = this.run();
  }

  /** Takes no more jobs, lets the running ones reach their next saved progress, and gives them back. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.loop;
    await Promise.all(this.jobs());
  }

  private async run(): Promise<void> {
    let unreachable = false;
    while (!this.stop.signal.aborted) {
      let taken = 0;
      try {
        taken = await this.takeJobs();
        unreachable = false;
      } catch (error) {
        if (!unreachable) this.logger.error(error, 'jobs cannot be leased; trying again');
        unreachable = true;
      }
      if (taken > 0) await this.pause(GATHER_MS);
      // An ending job frees a place, but an error is not over because of it.
      else await Promise.race([this.pause(this.config.outbox.pollIntervalMs), ...(unreachable ? [] : this.jobs())]);
    }
  }

  private async takeJobs(): Promise<number> {
    const open = new Set(LINES.filter((line) => this.placesOf(line) > 0).map(({ lane }) => lane));
    if (open.size === 0) return 0;
    const due = await this.dueLanes([...open]);
    if (due.size === 0) return 0;
    const taken = await this.lease(due);
    for (const { line, job } of taken) {
      const running = this.running.get(line)!;
      const run = this.runner.run(job, this.stop.signal).finally(() => running.delete(run));
      running.add(run);
    }
    return taken.length;
  }

  @Transactional({ readOnly: true, fresh: true })
  private dueLanes(lanes: readonly Lane[]): Promise<Set<Lane>> {
    return this.repository.dueLanes(lanes, this.clock.now());
  }

  /** All lines in one transaction, because commits are what small jobs take longest for. */
  @Transactional()
  private async lease(due: ReadonlySet<Lane>): Promise<Taken[]> {
    const nowMs = this.clock.nowMs();
    const leaseToken = randomBytes(16);
    const taken = new Map<string, Taken>();
    const emptied = new Set<Lane>();
    for (const line of LINES) {
      const limit = this.placesOf(line);
      if (limit === 0 || !due.has(line.lane) || emptied.has(line.lane)) continue;
      const dueFrom = line.freshMs === undefined ? undefined : dueWithin(nowMs, line.freshMs);
      const jobs = await this.repository.pick({ lane: line.lane, dueFrom, limit }, new Date(nowMs));
      // A transaction does not skip its own locks, so the next line finds these jobs again.
      for (const job of jobs) if (!taken.has(job.id)) taken.set(job.id, { line, job: { ...job, leaseToken } });
      if (jobs.length < limit && dueFrom === undefined) emptied.add(line.lane);
    }
    const ids = [...taken.keys()];
    if (ids.length > 0) await this.repository.hold(ids, leaseToken, new Date(nowMs + this.config.outbox.leaseMs));
    return [...taken.values()];
  }

  private placesOf(line: Line): number {
    return line.places - this.running.get(line)!.size;
  }

  private jobs(): Promise<void>[] {
    return [...this.running.values()].flatMap((runs) => [...runs]);
  }

  private async pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }
}
