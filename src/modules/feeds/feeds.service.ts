import { Injectable } from '@nestjs/common';
import { fillPage } from '../../common/fill-page.js';
import { MAX_ID, type Id } from '../../common/id.js';
import type { Page } from '../../infrastructure/http/page.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { PostsViews } from '../posts/posts.views.js';
import { FeedBuilder } from './feed-builder.js';
import { decodePosition, encodePosition, type FeedPosition } from './feed-cursor.js';
import type { FeedItem } from './dto/feed.response.js';
import { visibleItems, type FeedCandidate } from './feed.rules.js';
import { FeedPull } from './feed-pull.js';
import { FeedStore, type FeedSlice, type Reading } from './feed.store.js';
import { FeedTruth } from './feed-truth.js';

/** Candidates of one round at most; a round that finds few visible posts is followed by a larger one. */
const LARGEST_ROUND = 1_000;

/** A page of a feed, and what its reading leaves to be recorded once the answer is out. */
export interface FeedPage {
  page: Page<FeedItem>;
  reading: Reading;
}

/** What one part of the feed contributed to a page. */
interface Walk {
  items: FeedItem[];
  expired: Id[];
  /** Posts that do not seem to exist any more. */
  gone: Id[];
}

const NOTHING: Walk = { items: [], expired: [], gone: [] };

/** Reads home feeds: the head from Redis, then the tail from MySQL. */
@Injectable()
export class FeedsService {
  constructor(
    private readonly store: FeedStore,
    private readonly builder: FeedBuilder,
    private readonly pull: FeedPull,
    private readonly truth: FeedTruth,
    private readonly posts: PostsViews,
    private readonly follows: FollowsReader,
  ) {}

  /**
   * A page of the reader's feed, newest first and full while more exist.
   *
   * @param limit items, 1 to 100
   * @throws AppError `INVALID_CURSOR`
   */
  async page(readerId: Id, limit: number, cursor?: string): Promise<FeedPage> {
    const start = cursor === undefined ? undefined : decodePosition(cursor);
    // One more than the page tells whether there is a next one.
    const wanted = limit + 1;
    const head = start?.part === 'tail' ? NOTHING : await this.walkHead(readerId, start, wanted);
    const fromHead = Math.min(head.items.length, limit);
    const reading = { userId: readerId, shown: [] as Id[], expired: head.expired, gone: head.gone };
    reading.shown = head.items
      .slice(0, fromHead)
      .filter((item) => !item.viewed)
      .map((item) => item.post.id);
    if (head.items.length >= wanted) {
      return { page: pageOf(head.items, limit, 'head'), reading };
    }
    const below = head.items.at(-1)?.post.id ?? start?.belowId ?? MAX_ID;
    const tail = await this.walkTail(readerId, below, wanted - head.items.length);
    return { page: pageOf([...head.items, ...tail], limit, fromHead === limit ? 'head' : 'tail'), reading };
  }

  private async walkHead(readerId: Id, start: FeedPosition | undefined, wanted: number): Promise<Walk> {
    const walk: Walk = { items: [], expired: [], gone: [] };
    let belowId = start?.belowId;
    for (let size = wanted; walk.items.length < wanted; size = Math.min(size * 2, LARGEST_ROUND)) {
      const slice = await this.readySlice(readerId, belowId, size);
      walk.expired.push(...slice.expired);
      const { items, gone } = await this.visible(readerId, slice.entries);
      walk.items.push(...items);
      walk.gone.push(...gone);
      if (slice.entries.length < size) break;
      belowId = slice.entries.at(-1)!.postId;
    }
    return { ...walk, items: walk.items.slice(0, wanted) };
  }

  private walkTail(readerId: Id, start: Id, wanted: number): Promise<FeedItem[]> {
    return fillPage<Id, FeedItem>(
      {
        wanted,
        keysAfter: (below, count) => this.truth.postsBelow(readerId, below ?? MAX_ID, count),
        // In the tail everything counts as seen: it is not new, and nothing about it is written.
        hydrate: async (ids) => {
          const { items } = await this.visible(
            readerId,
            ids.map((postId) => ({ postId, viewed: true })),
          );
          return items;
        },
      },
      start,
    );
  }

  /** A slice of the feed, which is built first if it does not exist. The newest one has the posts of large authors. */
  private async readySlice(readerId: Id, belowId: Id | undefined, size: number): Promise<FeedSlice> {
    let slice = await this.builtSlice(readerId, belowId, size);
    if (belowId === undefined && (await this.pull.pull(readerId, slice))) {
      // Not without looking: an idle feed may be dropped between two calls, and the tail must not stand in for its head.
      slice = await this.builtSlice(readerId, belowId, size);
    }
    return slice;
  }

  private async builtSlice(readerId: Id, belowId: Id | undefined, size: number): Promise<FeedSlice> {
    const slice = await this.store.page(readerId, belowId, size);
    if (slice.state === 'ready') return slice;
    await this.builder.build(readerId);
    return this.store.page(readerId, belowId, size);
  }

  /** Hydrates candidates and applies the rules. */
  private async visible(readerId: Id, candidates: readonly FeedCandidate[]): Promise<Pick<Walk, 'items' | 'gone'>> {
    if (candidates.length === 0) return NOTHING;
    const posts = await this.posts.many(
      candidates.map((candidate) => candidate.postId),
      readerId,
    );
    const authors = new Set([...posts.values()].map((post) => post.author.id));
    authors.delete(readerId);
    // Whom a reader follows is the reader's own writing: no replica answers that has not got the last of it.
    const followed = await this.follows.followedAmong(readerId, [...authors]);
    const gone = candidates.filter(({ postId }) => !posts.has(postId)).map(({ postId }) => postId);
    return { items: visibleItems(candidates, posts, readerId, followed), gone };
  }
}

/** @param lastPart part of the feed that the last item shown comes from */
function pageOf(items: FeedItem[], limit: number, lastPart: FeedPosition['part']): Page<FeedItem> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  const more = items.length > limit && last !== undefined;
  return { items: shown, nextCursor: more ? encodePosition({ part: lastPart, belowId: last.post.id }) : null };
}
