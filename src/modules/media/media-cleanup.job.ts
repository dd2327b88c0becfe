import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { groupBy } from '../../common/batches.js';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { CLEAN_UP_EVERY_MS } from '../../infrastructure/scheduling/clean-up.js';
import { JobMetrics, SKIPPED, type RunOutcome } from '../../infrastructure/metrics/job.metrics.js';
import { JobTurns } from '../../infrastructure/scheduling/job-turns.js';
import { ObjectStorage } from '../../infrastructure/storage/object-storage.js';
import { isRefusal } from '../../infrastructure/storage/storage-errors.js';
import { MediaCleanupMetrics } from './media-cleanup.metrics.js';
import { MediaRepository, type UnshownObject } from './media.repository.js';

const JOB = 'media-cleanup';
/** Objects of one request to the store, and rows of one DELETE. */
const BATCH = 100;
/** Batches of one run: what a day's outage left behind goes within some runs, and a run ends. */
const MAX_BATCHES = 500;
/** A turn is kept for a batch: the store's deadlines for its parts and its objects. */
const TURN_MS = 60_000;
/** When an object is tried again that the store would not give up or remove, so that it is not in the way of the others. */
const POSTPONED_MS = 3_600_000;

/**
 * Removes objects that nothing shows from the store: uploads that had their time, copies that were never attached, and
 * what a deleted post or account showed.
 *
 * What is due is in MySQL and goes there last, so nothing is lost when the store is down, for however long. Several
 * workers may do it at once: removing twice changes nothing.
 */
@Injectable()
export class MediaCleanupJob {
  private readonly logger = new Logger(MediaCleanupJob.name);
  private readonly clean: () => Promise<void>;

  constructor(
    private readonly repository: MediaRepository,
    private readonly storage: ObjectStorage,
    private readonly turns: JobTurns,
    private readonly metrics: MediaCleanupMetrics,
    private readonly clock: Clock,
    jobs: JobMetrics,
  ) {
    this.clean = jobs.measured('removing media', () => this.removeBatches());
  }

  @Interval(CLEAN_UP_EVERY_MS)
  async run(): Promise<void> {
    try {
      await this.clean();
    } catch (error) {
      this.logger.error(error, 'media could not be removed; the next run tries again');
    }
  }

  private async removeBatches(): Promise<RunOutcome> {
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      if ((await this.turns.take(JOB, TURN_MS)) === undefined) return SKIPPED;
      if ((await this.removeBatch()) < BATCH) return;
    }
  }

  /** @returns how many were due */
  private async removeBatch(): Promise<number> {
    const due = await this.due();
    if (due.length === 0) return 0;
    const kept = await this.giveUp(due);
    const refused = await this.storage.remove(due.map(({ key }) => key).filter((key) => !kept.has(key)));
    for (const key of kept) refused.add(key);
    const outcome = groupBy(due, ({ key }) => refused.has(key));
    await this.settle(outcome.get(false) ?? [], outcome.get(true) ?? []);
    this.metrics.removed(due.length - refused.size, refused.size);
    return due.length;
  }

  /** Gives up the uploads in parts among objects that are due. @returns keys of those that the store would not give up */
  private async giveUp(due: readonly UnshownObject[]): Promise<Set<string>> {
    const kept = new Set<string>();
    for (const { key, multipart } of due) {
      if (multipart === null) continue;
      try {
        await this.storage.abortMultipart(key, multipart);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        if (kept.size === 0) this.logger.error(error, `the store would not give up ${key}`);
        kept.add(key);
      }
    }
    return kept;
  }

  @Transactional({ readOnly: true, fresh: true, certain: true })
  private due(): Promise<UnshownObject[]> {
    return this.repository.due(this.clock.now(), BATCH);
  }

  @Transactional()
  private async settle(removed: readonly UnshownObject[], refused: readonly UnshownObject[]): Promise<void> {
    if (removed.length > 0) await this.repository.forget(removed);
    if (refused.length === 0) return;
    await this.repository.postpone(refused, new Date(this.clock.nowMs() + POSTPONED_MS));
    this.logger.error(`the store would not remove ${refused.length} objects, such as ${refused[0]!.key}`);
  }
}
