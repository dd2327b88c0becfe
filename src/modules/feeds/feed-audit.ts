import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { expectedOf, FeedAuditFacts, factsOf } from './feed-audit.facts.js';
import {
  isMember,
  repairOf,
  type FeedFacts,
  type FeedRepair,
  type FeedWork,
  type StoredFeed,
} from './feed-audit.rules.js';
import { FeedAuditStore } from './feed-audit.store.js';
import { FeedBacklogReader } from './feed-backlog.js';
import { decodeEntry, encodeEntry, type FeedEntry } from './feed-entry.js';
import { FeedMetrics } from './feed.metrics.js';

/** Rounds of one repair, as in {@link FeedFollows}; what is wrong after that is found by the next walk. */
const MAX_ROUNDS = 5;

/** Compares feeds with what MySQL says they should hold, and puts them right. */
@Injectable()
export class FeedAudit {
  constructor(
    private readonly store: FeedAuditStore,
    private readonly facts: FeedAuditFacts,
    private readonly backlog: FeedBacklogReader,
    private readonly metrics: FeedMetrics,
    private readonly config: AppConfig,
  ) {}

  /**
   * Looks at feeds with what replicas know, and once more at those with which something seems wrong.
   *
   * @param keys of feeds, as a walk over a node finds them
   */
  async look(keys: readonly string[]): Promise<void> {
    const userIds = keys.flatMap((key) => this.store.ownerOf(key) ?? []);
    if (userIds.length === 0) return;
    const readers = await this.facts.readers(userIds);
    const feeds = await this.store.read([...readers.authorsOf.keys()]);
    const authorOf = await this.facts.authorOf(feeds.flatMap(({ members }) => members.map(({ postId }) => postId)));
    this.metrics.audited(feeds.map(({ members }) => members.length));
    const suspects = feeds.filter((feed) => {
      return repairOf(feed, factsOf(feed.userId, readers, authorOf)!, this.config.feed) !== undefined;
    });
    if (suspects.length > 0) await this.repair(suspects.map(({ userId }) => userId));
  }

  /**
   * Puts feeds right, by what the primary knows.
   *
   * What is missing was in MySQL, with its job, before the pending jobs were read: one that was not among them had done its
   * work before the feed was read. What is too much was so after the feed was read, and has no job left after that.
   */
  private async repair(userIds: readonly Id[]): Promise<void> {
    const before = await this.facts.readersNow(userIds);
    const waiting = await this.backlog.read();
    const feeds = await this.store.read(userIds);
    const factsOfUser = await this.factsNow(feeds);
    const stillWaiting = await this.backlog.read();
    if (!waiting || !stillWaiting) return;
    const works = feeds.flatMap((feed): FeedWork[] => {
      const facts = factsOfUser.get(feed.userId);
      if (!facts) return [];
      const known = new Set(expectedOf(feed.userId, before).map(({ id }) => id));
      const expected = facts.expected.filter(({ id }) => known.has(id));
      const wrong = repairOf(feed, { ...facts, expected }, this.config.feed);
      const isLate: IsLate = (postId, authorId) =>
        [waiting, stillWaiting].some((backlog) => backlog.concerns(feed.userId, postId, authorId));
      return wrong ? [{ feed, repair: withoutLate(wrong, feed, facts, isLate) }] : [];
    });
    this.metrics.drifted(await this.store.repair(works));
    await this.reconcile(works);
  }

  /** Looks again, and undoes what a follow, an unfollow or a deletion has made wrong meanwhile. */
  private async reconcile(done: readonly FeedWork[]): Promise<void> {
    let works = done.filter(isWork);
    for (let round = 0; round < MAX_ROUNDS && works.length > 0; round++) {
      const coming = works.flatMap(({ repair }) => repair.coming.map(({ postId }) => postId));
      const factsOfUser = await this.factsNow(
        works.map(({ feed }) => feed),
        coming,
      );
      works = works
        .flatMap(({ feed, repair }) => {
          const facts = factsOfUser.get(feed.userId);
          return facts ? [{ feed, repair: undoOf(repair, facts) }] : [];
        })
        .filter(isWork);
      if (works.length > 0) await this.store.repair(works);
    }
  }

  private async factsNow(feeds: readonly StoredFeed[], more: readonly Id[] = []): Promise<Map<Id, FeedFacts>> {
    const readers = await this.facts.readersNow(feeds.map(({ userId }) => userId));
    const held = feeds.flatMap(({ members }) => members.map(({ postId }) => postId));
    const authorOf = await this.facts.authorOfNow([...held, ...more]);
    return new Map(
      feeds.flatMap(({ userId }) => {
        const facts = factsOf(userId, readers, authorOf);
        return facts ? [[userId, facts]] : [];
      }),
    );
  }
}

type IsLate = (postId: Id, authorId: Id | undefined) => boolean;

const isWork = ({ repair: { leaving, coming } }: FeedWork): boolean => leaving.length > 0 || coming.length > 0;

/** Leaves out what a job will see to. */
function withoutLate(
  { leaving, coming }: FeedRepair,
  feed: StoredFeed,
  { authorOf, expected }: FeedFacts,
  isLate: IsLate,
): FeedRepair {
  const idOf = new Map(feed.members.map(({ text, postId }) => [text, postId]));
  const writtenBy = new Map(expected.map(({ id, authorId }) => [id, authorId]));
  return {
    leaving: leaving.filter((text) => !isLate(idOf.get(text)!, authorOf.get(idOf.get(text)!))),
    coming: coming.filter(({ postId }) => !isLate(postId, writtenBy.get(postId))),
  };
}

/** Takes out what came and does not belong any more, and puts back what went and does. */
function undoOf({ leaving, coming }: FeedRepair, { authors, authorOf }: FeedFacts): FeedRepair {
  const belongs = ({ postId }: FeedEntry): boolean => authors.has(authorOf.get(postId) ?? '');
  return {
    leaving: coming.filter((entry) => !belongs(entry)).map(encodeEntry),
    coming: leaving.filter(isMember).map(decodeEntry).filter(belongs),
  };
}
