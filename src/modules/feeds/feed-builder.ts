import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { compareIds, type Id } from '../../common/id.js';
import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { FeedPull } from './feed-pull.js';
import { FeedStore } from './feed.store.js';
import { FeedTruth, type LiveEntries } from './feed-truth.js';

/** A build starts again when the feed was dropped meanwhile; more often than this means that something drops it for ever. */
const MAX_TRIES = 3;

/** Rounds of one build, as in {@link FeedFollows}: deletions and unfollows within milliseconds, time after time. */
const MAX_ROUNDS = 5;

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
      const { posts, leftOut, isCertain } = await this.fill(userId);
      // What the primary alone knows is missing: the feed is built again until the primary is asked.
      if (!isCertain) return;
      if (await this.store.completeBuild(userId, token, leftOut, this.pull.stateAfter(posts))) return;
    }
    throw new RedisUnavailableError(`the feed was dropped during each of ${MAX_TRIES} builds`);
  }

  /**
   * Adds what belongs into the feed and looks again: a post that was deleted meanwhile, or whose author was left, may have
   * been removed before it was added.
   *
   * @returns the truth that held before and after the last addition
   */
  private async fill(userId: Id): Promise<LiveEntries> {
    let truth = await this.truth.liveEntriesNow(userId);
    const removed = new Set<Id>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await this.store.add(userId, truth.entries, 'request');
      const now = await this.truth.liveEntriesNow(userId);
      const gone = goneSince(truth, now);
      // Whose author was followed again: the removal may have come after what that follow brought.
      const isBack = now.entries.some(({ postId }) => removed.has(postId));
      if ((gone.length === 0 && !isBack) || !now.isCertain) {
        return { ...truth, isCertain: truth.isCertain && now.isCertain };
      }
      await this.store.remove(gone, [userId], 'request');
      for (const { postId } of now.entries) removed.delete(postId); // the next round adds them
      for (const postId of gone) removed.add(postId);
      truth = now;
    }
    throw new RedisUnavailableError('what belongs into the feed changed during every round');
  }
}

/** Posts that are not among the live any more; one that newer posts have pushed out still is. */
function goneSince(before: LiveEntries, now: LiveEntries): Id[] {
  const present = new Set(now.posts.map(({ id }) => id));
  return before.entries
    .map(({ postId }) => postId)
    .filter((id) => !present.has(id) && compareIds(id, now.leftOut ?? '0') > 0);
}
