import { Injectable } from '@nestjs/common';
import { compareIds, MAX_ID, type Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import {
  HandlesOutbox,
  type JobContext,
  type OutboxHandler,
} from '../../infrastructure/outbox/outbox-handler.decorator.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { POST_CREATED, type PostCreatedEvent } from '../posts/posts.events.js';
import { LargeAuthorsWriter } from '../posts/large-authors.writer.js';
import { PostsReader } from '../posts/posts.reader.js';
import { newEntry, type FeedEntry } from './feed-entry.js';
import { FeedDelivery } from './feed-delivery.js';
import { unreadSince } from './feed-time.js';
import { FeedTruth } from './feed-truth.js';

/** Rounds of one chunk before the job is put off, as in {@link FeedFollows}. */
const MAX_ROUNDS = 5;
/** Below every id. */
const BEFORE_ALL: Id = '0';

/** How far a delivery has come. */
interface Place {
  /** The last follower who was served. */
  after: Id;
  /** Of how many after that it is not known whether they were served. */
  doubtful: number;
}

/** Followers that are served between two saved cursors. */
interface Chunk {
  entry: FeedEntry;
  authorId: Id;
  /** Epoch seconds; into feeds that were read since the post does not go. */
  readBefore: number | undefined;
  /** The follower after whom it begins. */
  after: Id;
  /** How many at most. */
  size: number;
  /** Who gets the post besides, whoever follows. */
  besides: readonly Id[];
}

/**
 * Delivers a post to the feeds of its author and of every follower.
 *
 * Followers are walked by key in chunks; after each chunk its last follower is saved with the job, so that a worker
 * that takes over goes on from there. A chunk that was delivered twice changes nothing.
 */
@Injectable()
@HandlesOutbox(POST_CREATED)
export class FanOutHandler implements OutboxHandler<PostCreatedEvent> {
  constructor(
    private readonly delivery: FeedDelivery,
    private readonly follows: FollowsReader,
    private readonly posts: PostsReader,
    private readonly largeAuthors: LargeAuthorsWriter,
    private readonly truth: FeedTruth,
    private readonly config: AppConfig,
  ) {}

  async handle(event: PostCreatedEvent, job: JobContext): Promise<void> {
    const entry = newEntry(event.postId, event.createdAtMs, this.config.feed.unviewedTtlMs);
    // What was delivered before may have been viewed and be gone since: it must not rise again.
    const mayBeGone = event.createdAtMs < this.truth.repeatableFrom().getTime();
    const again = mayBeGone ? unreadSince(event.createdAtMs) : undefined;
    const place = this.placeOf(job);
    let { doubtful } = place;
    const isFirst = job.progress === null;
    if (isFirst) await this.largeAuthors.judge(event.authorId);
    const isPulled = await this.posts.isPulledNow(event.postId);
    // The author has had it since the request (`OwnPostEffect`), and gets it again with the first followers, for whom mostly the same holds.
    const isApart = isPulled === true || (again !== undefined && doubtful === 0);
    if (isFirst && isApart) await this.delivery.push(entry, [event.authorId], again);
    // Followers of a large author pull when they read.
    if (isPulled) return this.settle(entry, event.authorId);
    let besides = isFirst && !isApart ? [event.authorId] : [];
    let after: Id | undefined = place.after;
    while (after !== undefined) {
      const { chunk: size } = this.delivery;
      const readBefore = doubtful > 0 ? again : undefined;
      after = await this.deliverChunk({ entry, authorId: event.authorId, readBefore, after, size, besides });
      besides = [];
      doubtful = Math.max(0, doubtful - size);
      if (after !== undefined) await job.saveProgress(encodePlace({ after, doubtful }));
    }
  }

  private placeOf({ progress, mayHaveDone }: JobContext): Place {
    const saved = decodePlace(progress);
    if (mayHaveDone === 'nothing') return saved;
    // An earlier try was at most one chunk further than it had saved.
    const doubtful = mayHaveDone === 'anything' ? Infinity : Math.max(saved.doubtful, this.config.feed.fanOutChunk);
    return { ...saved, doubtful };
  }

  /** Takes the post out of its author's feed again if it was deleted meanwhile. */
  private async settle(entry: FeedEntry, authorId: Id): Promise<void> {
    const live = await this.posts.liveAmongNow([entry.postId]);
    if (!live.has(entry.postId)) await this.delivery.remove(entry.postId, [authorId]);
  }

  /**
   * Delivers to the next followers and looks again: who unfollowed meanwhile loses the entry. Who followed meanwhile
   * gets it from the backfill of that follow.
   *
   * @returns the last follower served, or `undefined` when there are no more
   */
  private async deliverChunk({
    entry,
    authorId,
    readBefore,
    after,
    size: chunk,
    besides,
  }: Chunk): Promise<Id | undefined> {
    let truth = await this.truthOf(entry.postId, authorId, after, chunk);
    const removed = new Set<Id>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (truth.live) await this.delivery.push(entry, [...besides, ...truth.followers], readBefore);
      else await this.delivery.remove(entry.postId, [authorId, ...truth.followers]);

      const now = await this.truthOf(entry.postId, authorId, after, chunk);
      const gone = without(truth.followers, now.followers, chunk);
      // Who follows again meanwhile: the removal may have come after what that follow brought.
      const isBack = now.followers.some((id) => removed.has(id));
      if (now.live === truth.live && gone.length === 0 && !isBack) {
        return truth.live && truth.followers.length === chunk ? truth.followers.at(-1) : undefined;
      }
      await this.delivery.remove(entry.postId, gone);
      for (const id of now.followers) removed.delete(id); // the next round delivers to them
      for (const id of gone) removed.add(id);
      truth = now;
    }
    throw new Error('the followers of the chunk changed during every round');
  }

  /** What MySQL's primary says now about the post and the next followers of its author. */
  private async truthOf(
    postId: Id,
    authorId: Id,
    after: Id,
    chunk: number,
  ): Promise<{ live: boolean; followers: Id[] }> {
    const [live, followers] = await Promise.all([
      this.posts.liveAmongNow([postId]),
      this.follows.followersAfterNow(authorId, after, chunk),
    ]);
    return { live: live.has(postId), followers };
  }
}

/** In the progress of a job; a replay is in doubt from its beginning to its end, which the job says itself. */
const encodePlace = ({ after, doubtful }: Place): string =>
  doubtful > 0 && Number.isFinite(doubtful) ? `${after}+${doubtful}` : after;

function decodePlace(progress: string | null): Place {
  const [after = BEFORE_ALL, doubtful = 0] = progress?.split('+') ?? [];
  return { after, doubtful: Number(doubtful) };
}

/**
 * Those of `before` that are not in `now`. A full `now` tells nothing about ids behind its last: new followers may have
 * pushed them out of the chunk.
 */
function without(before: readonly Id[], now: readonly Id[], chunk: number): Id[] {
  const present = new Set(now);
  const last = now.length === chunk ? now.at(-1)! : MAX_ID;
  return before.filter((id) => !present.has(id) && compareIds(id, last) <= 0);
}
