import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { ShortMemory } from '../../common/short-memory.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { FeedTruth } from './feed-truth.js';

/** Followers may see the first post of an author who has just become large that much later; the contract allows 2 s. */
const KEEP_MS = 100;
/** There are few: a hundred thousand follow each. Of more than that, readers are not told apart. */
const MAX_AUTHORS = 1_000;

/** Knows which readers need not be asked for posts of large authors: those who follow none. */
@Injectable()
export class FeedLargeAuthors {
  private readonly memory = new ShortMemory<'all', readonly Id[]>(1, KEEP_MS);

  constructor(
    private readonly truth: FeedTruth,
    private readonly follows: FollowsReader,
  ) {}

  /** Whether a reader may follow a large author. */
  async mayConcern(readerId: Id): Promise<boolean> {
    const authors = await this.all();
    if (authors.length === 0) return false;
    return authors.length > MAX_AUTHORS || this.follows.mayFollowAny(readerId, authors);
  }

  private async all(): Promise<readonly Id[]> {
    const known = this.memory.get('all');
    if (known) return known;
    const askedMs = performance.now();
    const authors = await this.truth.largeAuthors(MAX_AUTHORS + 1);
    this.memory.set('all', authors, askedMs);
    return authors;
  }
}
