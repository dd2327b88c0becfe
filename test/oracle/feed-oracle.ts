/** What the contract says a feed must show, told by what clients did and saw. Knows nothing of the code behind the API. */

/** Ids are numbers here: those of tests lie below 2^53. */
export type Id = number;

/** The settings that the contract's rules depend on. */
export interface FeedSettings {
  unviewedTtlMs: number;
  viewedTtlMs: number;
  maxEntries: number;
}

export interface PostFact {
  id: Id;
  authorId: Id;
  createdMs: number;
  /** All work that was open when it was created has been done since: it is in every feed. */
  delivered: boolean;
  deletion: 'none' | 'asked' | 'done';
}

/** When a post was first in an answer to a reader, as the reader knows it. */
export interface Showing {
  /** When the request began, and when a mark that belongs to it was made at the latest. */
  earliestMs: number;
  latestMs: number;
  /** When the answer had arrived. */
  answeredMs: number;
  /** The mark is known to be kept. A process that dies may lose it, and so may Redis. */
  isCertain: boolean;
}

interface Reader {
  follows: Set<Id>;
  /** Whom the reader has ever followed: an upper bound of what was ever in the feed. */
  everFollowed: Set<Id>;
  /** When each follow or unfollow was answered last. */
  changedMs: Map<Id, number>;
  showings: Map<Id, Showing>;
  /** No post above this id was ever cut off by the cap. */
  highestFloor: Id;
}

/** A mark follows the answer within a second, and a little later on a machine that has much else to do. */
const MARK_WITHIN_MS = 3_000;
const HOUR_MS = 3_600_000;

export class FeedOracle {
  readonly posts = new Map<Id, PostFact>();
  private readonly readers = new Map<Id, Reader>();

  constructor(readonly settings: FeedSettings) {}

  registered(id: Id): void {
    this.readers.set(id, {
      follows: new Set(),
      everFollowed: new Set([id]),
      changedMs: new Map(),
      showings: new Map(),
      highestFloor: 0,
    });
  }

  posted(id: Id, authorId: Id, createdMs: number): void {
    this.posts.set(id, { id, authorId, createdMs, delivered: false, deletion: 'none' });
  }

  deletionAsked(id: Id): void {
    this.posts.get(id)!.deletion = 'asked';
  }

  followed(readerId: Id, authorId: Id, nowMs: number): void {
    const reader = this.reader(readerId);
    // A follow after an unfollow forgets what was viewed.
    if (!reader.follows.has(authorId) && reader.everFollowed.has(authorId)) {
      this.forgetMarks(readerId, (post) => post.authorId === authorId);
    }
    reader.follows.add(authorId);
    reader.everFollowed.add(authorId);
    reader.changedMs.set(authorId, nowMs);
  }

  unfollowed(readerId: Id, authorId: Id, nowMs: number): void {
    const { follows, changedMs } = this.reader(readerId);
    follows.delete(authorId);
    changedMs.set(authorId, nowMs);
  }

  follows(readerId: Id): ReadonlySet<Id> {
    return this.reader(readerId).follows;
  }

  showing(readerId: Id, postId: Id): Showing | undefined {
    return this.reader(readerId).showings.get(postId);
  }

  /** A post was in an answer as one that was not viewed before. */
  shownUnviewed(readerId: Id, postId: Id, requestedMs: number, answeredMs: number): void {
    const { showings } = this.reader(readerId);
    const before = showings.get(postId);
    const latestMs = answeredMs + MARK_WITHIN_MS;
    if (before && requestedMs < before.answeredMs + MARK_WITHIN_MS) {
      before.latestMs = latestMs;
      return;
    }
    // Without an older showing, or certain now that its mark is not there.
    showings.set(postId, { earliestMs: requestedMs, latestMs, answeredMs, isCertain: true });
  }

  /** An answer was lost on its way: whatever the feed holds may have been marked. */
  answerLost(readerId: Id, requestedMs: number, lostMs: number): void {
    for (const { id } of this.visible(readerId)) this.shownPerhaps(readerId, id, requestedMs, lostMs);
  }

  /** A post may have been marked, and if it was before that is still so. */
  shownPerhaps(readerId: Id, postId: Id, requestedMs: number, answeredMs: number): void {
    const { showings } = this.reader(readerId);
    if (showings.has(postId)) return;
    showings.set(postId, {
      earliestMs: requestedMs,
      latestMs: answeredMs + MARK_WITHIN_MS,
      answeredMs,
      isCertain: false,
    });
  }

  /** Marks since a moment may be lost. */
  marksMayBeLost(sinceMs: number): void {
    for (const { showings } of this.readers.values()) {
      for (const showing of showings.values()) if (showing.latestMs >= sinceMs) showing.isCertain = false;
    }
  }

  /** Everything that was asked for has been done. */
  settled(nowMs: number): void {
    for (const post of this.posts.values()) {
      post.delivered = true;
      if (post.deletion === 'asked') post.deletion = 'done';
    }
    for (const readerId of this.readers.keys()) this.noteFloor(readerId, nowMs);
  }

  /** Posts of the reader and of whom they follow, newest first, but for those that are gone for the reader. */
  visible(readerId: Id): PostFact[] {
    const { follows } = this.reader(readerId);
    return [...this.posts.values()]
      .filter(({ authorId }) => authorId === readerId || follows.has(authorId))
      .filter(({ authorId, deletion }) => deletion === 'none' || (deletion === 'asked' && authorId !== readerId))
      .sort((a, b) => b.id - a.id);
  }

  /** No post above this one can have been cut off by the cap of the reader's feed. */
  highestFloor(readerId: Id, nowMs: number): Id {
    this.noteFloor(readerId, nowMs);
    return this.reader(readerId).highestFloor;
  }

  /**
   * Whatever a feed holds above the highest post that was cut off is as much as fits. All of it was created by somebody
   * whom the reader follows or followed; and what is past its life is older than what is not.
   */
  private noteFloor(readerId: Id, nowMs: number): void {
    const reader = this.reader(readerId);
    const ids = [...this.posts.values()]
      .filter(({ authorId }) => reader.everFollowed.has(authorId))
      .filter(({ createdMs }) => createdMs >= nowMs - this.settings.unviewedTtlMs - MARK_WITHIN_MS)
      .map(({ id }) => id)
      .sort((a, b) => b - a);
    reader.highestFloor = Math.max(reader.highestFloor, ids[this.settings.maxEntries] ?? 0);
  }

  /** What is known of a post and a reader, to be told with a problem. */
  explain(readerId: Id, postId: Id, nowMs: number): string {
    const post = this.posts.get(postId);
    const showing = this.showing(readerId, postId);
    const ago = (ms: number): string => {
      return nowMs - ms < HOUR_MS ? `${nowMs - ms} ms ago` : `${((nowMs - ms) / HOUR_MS).toFixed(3)} h ago`;
    };
    const changedMs = post && this.reader(readerId).changedMs.get(post.authorId);
    return [
      post ? `created ${ago(post.createdMs)} by ${post.authorId}` : 'unknown',
      ...(changedMs === undefined ? [] : [`whom the reader last followed or left ${ago(changedMs)}`]),
      ...(post && post.deletion !== 'none' ? ['deleted'] : []),
      showing ? `shown ${ago(showing.earliestMs)}${showing.isCertain ? '' : ', perhaps'}` : 'never shown',
    ].join(', ');
  }

  private forgetMarks(readerId: Id, of: (post: PostFact) => boolean): void {
    for (const [postId, showing] of this.reader(readerId).showings) {
      const post = this.posts.get(postId);
      if (!post || of(post)) showing.isCertain = false;
    }
  }

  private reader(id: Id): Reader {
    const reader = this.readers.get(id);
    if (!reader) throw new Error(`the oracle does not know user ${id}`);
    return reader;
  }
}
