import { Injectable } from '@nestjs/common';
import { batches } from '../../common/batches.js';
import { Clock } from '../../common/clock.js';
import { isId, type Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { FeedAuditRepository } from './feed-audit.repository.js';
import type { ExpectedPost, FeedFacts } from './feed-audit.rules.js';
import { FeedTruth } from './feed-truth.js';

/** A post that is younger may still be on its way. */
const SETTLED_MS = 10_000;
/** Posts of one look-up by id. */
const IDS = 1_000;

/** Whom readers follow and what their feeds should hold. */
export interface ReaderFacts {
  authorsOf: Map<Id, Set<Id>>;
  posts: Map<Id, ExpectedPost[]>;
}

/** What MySQL says of feeds, for the audit: of replicas for a first look, of the primary before anything is changed. */
@Injectable()
export class FeedAuditFacts {
  constructor(
    private readonly repository: FeedAuditRepository,
    private readonly truth: FeedTruth,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  @Transactional({ readOnly: true })
  readers(userIds: readonly Id[]): Promise<ReaderFacts> {
    return this.readReaders(userIds);
  }

  @Transactional({ readOnly: true, fresh: true, certain: true })
  readersNow(userIds: readonly Id[]): Promise<ReaderFacts> {
    return this.readReaders(userIds);
  }

  @Transactional({ readOnly: true })
  authorOf(postIds: readonly Id[]): Promise<Map<Id, Id>> {
    return this.readAuthors(postIds);
  }

  @Transactional({ readOnly: true, fresh: true, certain: true })
  authorOfNow(postIds: readonly Id[]): Promise<Map<Id, Id>> {
    return this.readAuthors(postIds);
  }

  private async readReaders(userIds: readonly Id[]): Promise<ReaderFacts> {
    const known = await this.repository.usersAmong(userIds);
    const authorsOf = new Map(known.map((id) => [id, new Set([id])]));
    if (known.length === 0) return { authorsOf, posts: new Map() };
    for (const { readerId, authorId } of await this.repository.followeesOf(known))
      authorsOf.get(readerId)!.add(authorId);
    const authors = [...new Set([...authorsOf.values()].flatMap((some) => [...some]))];
    const until = new Date(this.clock.nowMs() - SETTLED_MS);
    const from = this.truth.repeatableFrom();
    const posts = await this.repository.postsBetween(authors, from, until, this.config.feed.maxEntries);
    return { authorsOf, posts: Map.groupBy(posts, ({ authorId }) => authorId) };
  }

  private async readAuthors(postIds: readonly Id[]): Promise<Map<Id, Id>> {
    const ids = new Set(postIds.filter(isId)); // a member may lie under any score
    const authors = new Map<Id, Id>();
    for (const some of batches([...ids], IDS)) {
      for (const [postId, authorId] of await this.repository.authorsOf(some)) authors.set(postId, authorId);
    }
    return authors;
  }
}

/** Posts that a reader's feed should hold. */
export function expectedOf(userId: Id, { authorsOf, posts }: ReaderFacts): ExpectedPost[] {
  return [...(authorsOf.get(userId) ?? [])].flatMap((author) => posts.get(author) ?? []);
}

/** The facts of one feed; `undefined` when its owner is nobody here. */
export function factsOf(userId: Id, readers: ReaderFacts, authorOf: ReadonlyMap<Id, Id>): FeedFacts | undefined {
  const authors = readers.authorsOf.get(userId);
  return authors && { authors, expected: expectedOf(userId, readers), authorOf };
}
