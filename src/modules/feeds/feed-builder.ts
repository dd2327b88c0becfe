import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { TransactionHost } from '../../infrastructure/database/transaction-host.js';
import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { FeedPull } from './feed-pull.js';
import { FeedStore } from './feed.store.js';
import { FeedTruth } from './feed-truth.js';

/** A build starts again when the feed was dropped meanwhile; more often than this means that something drops it for ever. */
const MAX_TRIES = 3;

/**
 * Builds a feed that does not exist: of a new account, of a reader who comes back, after a loss of Redis.
 *
 * The sentinel comes first, so that pushes land in the feed from then on; then the primary is asked, which is at least
 * as new as that moment; what is missing is added; and last the feed is declared ready. Between the two sources no post
 * is lost. Several builders at once do no harm: they add the same entries.
 */
@Injectable()
export class FeedBuilder {
  private readonly building = new Map<Id, Promise<void>>();

  constructor(
    private readonly store: FeedStore,
    private readonly truth: FeedTruth,
    private readonly pull: FeedPull,
    private readonly transactions: TransactionHost,
  ) {}

  /** Requests of one reader in this process share one build. @throws RedisUnavailableError, also when nothing stays built */
  build(userId: Id): Promise<void> {
    let build = this.building.get(userId);
    if (!build) {
      build = this.run(userId).finally(() => this.building.delete(userId));
      this.building.set(userId, build);
    }
    return build;
  }

  private async run(userId: Id): Promise<void> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const { state, token } = await this.store.beginBuild(userId, randomBytes(6).toString('hex'));
      if (state === 'ready') return;
      const { posts, entries, leftOut } = await this.truth.liveEntriesNow(userId);
      await this.store.add(userId, entries, 'request');
      // What the primary alone knows is missing: the feed is built again until the primary is asked.
      if (this.transactions.hasStandIn) return;
      if (await this.store.completeBuild(userId, token, leftOut, this.pull.watermarkOf(posts))) return;
    }
    throw new RedisUnavailableError(`the feed was dropped during each of ${MAX_TRIES} builds`);
  }
}
