import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { orUnavailable, PostCountsReader } from './post-counts.reader.js';
import { PostCountsMetrics } from './post-counts.metrics.js';
import { PostCountsRepository } from './post-counts.repository.js';
import { sumByPost, type CountChange, type PostCounts } from './post-counts.rules.js';
import { PostCountsStore } from './post-counts.store.js';

export type { CountChange } from './post-counts.rules.js';

/**
 * A process that was stopped between commit and increment must not come back and increment what a check has corrected
 * meanwhile. Checks begin a second after the change was written back; this, and the half second after which an increment without an
 * answer has its counts forgotten, are below that.
 */
const INCREMENT_WITHIN_MS = 400;

/** Changes that are recorded; once they are committed, the counts that Redis then had. */
export interface RecordedChanges {
  /** Whether Redis answered. */
  answered: boolean;
  counts: Map<Id, PostCounts>;
}

/** The door for whoever changes what is counted. */
@Injectable()
export class PostCountsWriter {
  private readonly logger = new Logger(PostCountsWriter.name);

  constructor(
    private readonly repository: PostCountsRepository,
    private readonly store: PostCountsStore,
    private readonly reader: PostCountsReader,
    private readonly transactions: TransactionHost,
    private readonly metrics: PostCountsMetrics,
    private readonly clock: Clock,
  ) {}

  /** Records changes with the rows that they count, in one commit, which then brings them to Redis. */
  @Transactional()
  async record(changes: readonly CountChange[]): Promise<RecordedChanges> {
    const sums = sumByPost(changes);
    const recorded: RecordedChanges = { answered: false, counts: new Map() };
    const begunMs = performance.now();
    await this.repository.append(sums, this.clock.now());
    this.transactions.afterCommit(async () => {
      if (performance.now() - begunMs > INCREMENT_WITHIN_MS) return this.metrics.incremented('late', sums.length);
      await this.increment(sums, recorded);
    });
    return recorded;
  }

  /** The counts of a post after a change that is committed, or as they are when nothing was changed. */
  async after(postId: Id, recorded?: RecordedChanges): Promise<PostCounts> {
    const counts = recorded?.counts.get(postId);
    // Whoever repeats a change may be here before its increment is in Redis; MySQL has it.
    return counts ?? this.reader.latest(postId, { cached: recorded?.answered ?? false });
  }

  /** A post that is new has no likes and no comments; so the first who read it need not ask MySQL. */
  begin(postId: Id): void {
    this.transactions.afterCommit(async () => {
      await orUnavailable(this.store.fill(new Map([[postId, { likes: 0, comments: 0 }]])));
    });
  }

  /** Deletes up to `limit` changes of a post that is gone. @returns how many went */
  @Transactional()
  removeChanges(postId: Id, limit: number): Promise<number> {
    return this.repository.deleteChanges(postId, limit);
  }

  /** Removes the last of a post that is gone, in the transaction that removes its row. */
  @Transactional()
  async purge(postId: Id): Promise<void> {
    await this.repository.purge(postId);
    this.transactions.afterCommit(async () => {
      await orUnavailable(this.store.forget(postId)); // what stays behind has a time to live
    });
  }

  /** Never throws: the change is committed, and a check corrects what does not reach Redis. */
  private async increment(sums: readonly CountChange[], recorded: RecordedChanges): Promise<void> {
    try {
      const counts = await orUnavailable(this.store.increment(sums));
      if (!counts) return this.metrics.incremented('unavailable', sums.length);
      recorded.answered = true;
      sums.forEach(({ postId }, index) => counts[index] && recorded.counts.set(postId, counts[index]));
      this.metrics.incremented('applied', recorded.counts.size);
      this.metrics.incremented('absent', sums.length - recorded.counts.size);
    } catch (error) {
      this.logger.error(error, 'counts could not be brought to Redis');
    }
  }
}
