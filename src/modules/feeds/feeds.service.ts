import { Injectable, Optional } from '@nestjs/common';
import { MAX_ID, type Id } from '../../common/id.js';
import type { Page } from '../../infrastructure/http/page.js';
import { OwnWrites } from '../../infrastructure/database/own-writes.js';
import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { FeedBuilder } from './feed-builder.js';
import { decodePosition, encodePosition, type FeedPosition } from './feed-cursor.js';
import type { FeedItem } from './dto/feed.response.js';
import { FeedItems } from './feed-items.js';
import { FeedPull } from './feed-pull.js';
import { FeedReadMetrics } from './feed-read.metrics.js';
import { FeedStore, type FeedSlice, type Reading } from './feed.store.js';

/** Candidates of one round at most; a round that finds few visible posts is followed by a larger one. */
const LARGEST_ROUND = 1_000;

/** A page of a feed, and what its reading leaves to be recorded once the answer is out. */
export interface FeedPage {
  page: Page<FeedItem>;
  reading: Reading;
  /** Whether Redis did not answer, so that the page comes from MySQL. */
  degraded: boolean;
}

/** What one part of the feed contributed to a page. */
interface Walk {
  items: FeedItem[];
  expired: Id[];
  /** Posts that do not seem to exist any more. */
  gone: Id[];
}

const NOTHING: Walk = { items: [], expired: [], gone: [] };

/** Reads home feeds: the head from Redis, then the tail from MySQL; all of it from there when Redis does not answer. */
@Injectable()
export class FeedsService {
  constructor(
    private readonly store: FeedStore,
    private readonly builder: FeedBuilder,
    private readonly pull: FeedPull,
    private readonly items: FeedItems,
    private readonly metrics: FeedReadMetrics,
    @Optional() private readonly ownWrites?: OwnWrites,
  ) {}

  /**
   * A page of the reader's feed, newest first and full while more exist.
   *
   * @param limit items, 1 to 100
   * @throws AppError `INVALID_CURSOR`
   */
  async page(readerId: Id, limit: number, cursor?: string): Promise<FeedPage> {
    const start = cursor === undefined ? undefined : decodePosition(cursor);
    try {
      return await this.ordinaryPage(readerId, limit, start);
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error;
      this.metrics.degraded();
      return this.pageFromDatabase(readerId, limit, start);
    }
  }

  private async ordinaryPage(readerId: Id, limit: number, start: FeedPosition | undefined): Promise<FeedPage> {
    // What is read next needs it: it is looked up while the feed is read, and never fails.
    void this.ownWrites?.required();
    // One more than the page tells whether there is a next one.
    const wanted = limit + 1;
    const head = start?.part === 'tail' ? NOTHING : await this.walkHead(readerId, start, wanted);
    const fromHead = head.items.slice(0, limit);
    const reading = { userId: readerId, shown: newAmong(fromHead), expired: head.expired, gone: head.gone };
    if (head.items.length >= wanted) {
      return { page: pageOf(head.items, limit, 'head'), reading, degraded: false };
    }
    const below = head.items.at(-1)?.post.id ?? start?.belowId ?? MAX_ID;
    // In the tail everything counts as seen: it is not new, and nothing about it is written.
    const tail = await this.items.below(readerId, below, wanted - head.items.length, true);
    const lastPart = fromHead.length === limit ? 'head' : 'tail';
    return { page: pageOf([...head.items, ...tail], limit, lastPart), reading, degraded: false };
  }

  /**
   * The same from MySQL, where nobody knows what has been viewed. A cursor of the head stays one, so that a walk which began
   * without Redis goes on with it, and the other way round: either way below the last post shown.
   */
  private async pageFromDatabase(readerId: Id, limit: number, start: FeedPosition | undefined): Promise<FeedPage> {
    const part = start?.part ?? 'head';
    const items = await this.items.below(readerId, start?.belowId ?? MAX_ID, limit + 1, part === 'tail');
    // If Redis was only slow, the feed is there and should learn what was shown.
    const reading = { userId: readerId, shown: newAmong(items.slice(0, limit)), expired: [], gone: [] };
    return { page: pageOf(items, limit, part), reading, degraded: true };
  }

  private async walkHead(readerId: Id, start: FeedPosition | undefined, wanted: number): Promise<Walk> {
    const walk: Walk = { items: [], expired: [], gone: [] };
    let belowId = start?.belowId;
    for (let size = wanted; walk.items.length < wanted; size = Math.min(size * 2, LARGEST_ROUND)) {
      const slice = await this.readySlice(readerId, belowId, size, belowId === start?.belowId);
      walk.expired.push(...slice.expired);
      const { items, gone } = await this.items.visible(readerId, slice.entries);
      walk.items.push(...items);
      walk.gone.push(...gone);
      if (slice.entries.length < size) break;
      belowId = slice.entries.at(-1)!.postId;
    }
    return { ...walk, items: walk.items.slice(0, wanted) };
  }

  /** A slice of the feed, which is built first if it does not exist. The newest one has the posts of large authors. */
  private async readySlice(readerId: Id, belowId: Id | undefined, size: number, isFirst: boolean): Promise<FeedSlice> {
    let slice = await this.builtSlice(readerId, belowId, size, isFirst);
    if (belowId === undefined && (await this.pull.pull(readerId, slice))) {
      // Not without looking: an idle feed may be dropped between two calls, and the tail must not stand in for its head.
      slice = await this.builtSlice(readerId, belowId, size, false);
    }
    return slice;
  }

  /** @param isFirst of a page, which is one lookup however many slices it takes */
  private async builtSlice(readerId: Id, belowId: Id | undefined, size: number, isFirst: boolean): Promise<FeedSlice> {
    const slice = await this.store.page(readerId, belowId, size);
    if (isFirst) this.metrics.looked(slice.state === 'ready' ? 'hit' : 'miss');
    if (slice.state === 'ready') return slice;
    await this.builder.build(readerId);
    return this.store.page(readerId, belowId, size);
  }
}

const newAmong = (items: readonly FeedItem[]): Id[] => items.filter((item) => !item.viewed).map((item) => item.post.id);

/** @param lastPart part of the feed that the last item shown comes from */
function pageOf(items: FeedItem[], limit: number, lastPart: FeedPosition['part']): Page<FeedItem> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  const more = items.length > limit && last !== undefined;
  return { items: shown, nextCursor: more ? encodePosition({ part: lastPart, belowId: last.post.id }) : null };
}
