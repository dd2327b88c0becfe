import type { FeedPage } from '../support/contract.js';
import type { Deployment } from './deployment.js';
import { expectedFeed } from './feed-expectation.js';
import type { FeedOracle, Id } from './feed-oracle.js';
import type { SharedClock } from './shared-clock.js';
import { checkWalk, type Walk } from './walk-check.js';

/** A place in a feed that a client keeps. */
export interface Bookmark {
  cursor: string;
  belowId: Id;
  isInHead: boolean;
}

export interface WalkOptions {
  limit: number;
  maxPages: number;
  isQuiet: boolean;
  from?: Bookmark;
}

/** Somebody who reads their feed and compares it with what the oracle says. */
export class Reader {
  constructor(
    private readonly deployment: Deployment,
    private readonly oracle: FeedOracle,
    private readonly clock: SharedClock,
    readonly id: Id,
    private readonly token: string,
  ) {}

  /** @returns how the walk differs from the contract, and a bookmark after each page */
  async walk({ limit, maxPages, isQuiet, from }: WalkOptions): Promise<{ problems: string[]; bookmarks: Bookmark[] }> {
    const start = from === undefined ? 'top' : from.isInHead ? 'head' : 'unknown';
    const isKnown = (id: Id) => this.oracle.posts.has(id);
    const walk: Walk = {
      pages: [],
      limit,
      start,
      isQuiet,
      isDegraded: false,
      isKnown,
      ...(from && { belowId: from.belowId }),
    };
    const bookmarks: Bookmark[] = [];
    const fromMs = this.clock.nowMs();
    const answers: {
      items: Walk['pages'][0]['items'];
      isDegraded: boolean;
      requestedMs: number;
      answeredMs: number;
    }[] = [];
    let cursor: string | null | undefined = from?.cursor;
    while (cursor !== null && walk.pages.length < maxPages) {
      const requestedMs = this.clock.nowMs();
      const { isDegraded, ...page } = await this.page(limit, cursor);
      const { items, nextCursor } = page;
      const answeredMs = this.clock.nowMs();
      const shown = items.map(({ post, viewed }) => ({ id: Number(post.id), viewed }));
      walk.pages.push({ items: shown, hasNext: nextCursor !== null });
      walk.isDegraded ||= isDegraded;
      answers.push({ items: shown, isDegraded, requestedMs, answeredMs });
      const last = shown.at(-1);
      // Whoever is not viewed is in the head, if the feed itself was asked.
      const isInHead = last?.viewed === false && !isDegraded;
      if (nextCursor !== null && last) bookmarks.push({ cursor: nextCursor, belowId: last.id, isInHead });
      cursor = nextCursor;
    }
    const problems = checkWalk(walk, expectedFeed(this.oracle, this.id, fromMs, this.clock.nowMs()));
    for (const { items, isDegraded, requestedMs, answeredMs } of answers) {
      for (const { id, viewed } of items) {
        if (isDegraded) this.oracle.shownPerhaps(this.id, id, requestedMs, answeredMs);
        else if (!viewed) this.oracle.shownUnviewed(this.id, id, requestedMs, answeredMs);
      }
    }
    const where = `reader ${this.id}, ${limit} a page from ${start}${from ? ` below ${from.belowId}` : ''}`;
    return { problems: problems.map((problem) => `${where}: ${this.explained(problem)}`), bookmarks };
  }

  private explained(problem: string): string {
    const postId = /: (\d+)/.exec(problem)?.[1];
    if (postId === undefined) return problem;
    return `${problem} (${this.oracle.explain(this.id, Number(postId), this.clock.nowMs())})`;
  }

  private async page(limit: number, cursor: string | undefined): Promise<FeedPage & { isDegraded: boolean }> {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor !== undefined && { cursor }) });
    const { body, headers } = await this.deployment.request<FeedPage>(
      200,
      'GET',
      `/v1/feed?${query.toString()}`,
      { token: this.token },
      (sentMs) => this.oracle.answerLost(this.id, sentMs + this.clock.nowMs() - Date.now(), this.clock.nowMs()),
    );
    return { ...body, isDegraded: headers.has('X-Degraded') };
  }
}
