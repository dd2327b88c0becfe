import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { batches } from '../../common/batches.js';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../database/transactional.decorator.js';
import { OutboxReplayRepository } from '../outbox/outbox-replay.repository.js';
import { RedisWatchRepository, type RedisWatchRow } from '../outbox/redis-watch.repository.js';
import { SKIPPED, type RunOutcome } from '../metrics/job.metrics.js';
import { JobTurns } from '../scheduling/job-turns.js';
import { CLOCKS_MS } from './failover.rules.js';
import { ReplayMetrics } from './replay.metrics.js';

/** Jobs that are due again at a time: so many stand in front of a live post at most. */
const AT_ONCE = 8;
/** How often it is looked whether they are done. */
const LOOK_EVERY_MS = 50;
/** They are waited for no longer than this: one that fails comes back by itself, and the others go on. */
const PATIENCE_MS = 10_000;
/** A worker that does not ask for so long has ended; another one begins anew. */
const TURN_MS = 3 * PATIENCE_MS;
/** Ids that are held at a time, about 10 MB. When there are more, they are asked for again. */
const MOST_IDS = 100_000;

/**
 * Runs the jobs of a replay again, as if they had never run: their handlers go by the truth of now, so whatever changed
 * since then is right.
 *
 * One worker at a time does it, a few jobs at a time. The replay is done when all its jobs are due again, each of which
 * the outbox then holds like any other; a worker that ends before that is followed by one that begins anew.
 */
@Injectable()
export class OutboxReplay {
  private readonly logger = new Logger(OutboxReplay.name);
  private readonly turn: string;
  /** The window that was seen last, and since when. */
  private waiting?: { untilMs: number; sinceMs: number };

  constructor(
    private readonly watch: RedisWatchRepository,
    private readonly jobs: OutboxReplayRepository,
    private readonly turns: JobTurns,
    private readonly metrics: ReplayMetrics,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.turn = `outbox-replay-${config.mysql.database}`; // a Redis may serve more than one schema, as in tests
  }

  /** Does the replay that was asked for, if any, unless another worker is at it. */
  async run(signal: AbortSignal): Promise<RunOutcome> {
    const row = await this.asked();
    if (!row?.replayFrom || !row.replayUntil) return;
    const { replayFrom: from, replayUntil: until } = row;
    if (!this.isOver(until)) return;
    let ids: Id[];
    let replayed = 0;
    do {
      ids = await this.finishedBetween(from, until);
      for (const some of batches(ids, AT_ONCE)) {
        if (signal.aborted || (await this.turns.take(this.turn, TURN_MS)) === undefined) return SKIPPED;
        replayed += await this.reopen(some);
        await this.untilDone(some, signal);
      }
    } while (ids.length === MOST_IDS);
    if (await this.finish(until)) this.logger.log({ jobs: replayed }, 'the last jobs have been replayed');
  }

  /** Whether a window is over for every worker. By a clock that goes on by itself, which that of a test may not. */
  private isOver(until: Date): boolean {
    const untilMs = until.getTime();
    if (this.waiting?.untilMs !== untilMs) this.waiting = { untilMs, sinceMs: performance.now() };
    return performance.now() - this.waiting.sinceMs >= CLOCKS_MS;
  }

  private async untilDone(ids: readonly Id[], signal: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!signal.aborted && performance.now() < deadlineMs && (await this.countUnfinished(ids)) > 0) {
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  @Transactional({ readOnly: true, fresh: true })
  private asked(): Promise<RedisWatchRow | undefined> {
    return this.watch.read();
  }

  @Transactional({ readOnly: true, fresh: true })
  private finishedBetween(from: Date, until: Date): Promise<Id[]> {
    return this.jobs.finishedBetween(from, until, MOST_IDS);
  }

  @Transactional({ readOnly: true, fresh: true })
  private countUnfinished(ids: readonly Id[]): Promise<number> {
    return this.jobs.countUnfinished(ids);
  }

  private async reopen(ids: readonly Id[]): Promise<number> {
    const reopened = await this.makeDue(ids);
    this.metrics.replayed(reopened);
    return reopened;
  }

  @Transactional()
  private makeDue(ids: readonly Id[]): Promise<number> {
    return this.jobs.reopen(ids, this.clock.now());
  }

  @Transactional()
  private finish(until: Date): Promise<boolean> {
    return this.watch.finishReplay(until);
  }
}
