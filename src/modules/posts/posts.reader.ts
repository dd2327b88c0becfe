import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { confirmedRows } from '../../infrastructure/database/confirmed-read.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { PostsPage, type PostsWithCounts } from './posts.page.js';
import { PostsRepository, type StoredPost } from './posts.repository.js';

export type { StoredPost } from './posts.repository.js';

/** The door to posts for other modules: batched reads by id. */
@Injectable()
export class PostsReader {
  constructor(
    private readonly repository: PostsRepository,
    private readonly page: PostsPage,
  ) {}

  /** Posts and their counts, from the cache first; who is missing is deleted or never was, as the primary knows it. */
  withCounts(ids: readonly Id[]): Promise<PostsWithCounts> {
    return this.page.read(ids, (absent, toBeKept) => this.load(absent, toBeKept));
  }

  /** A post and its counts, if it is there; that it is not may have been so for some seconds only. */
  oneWithCounts(id: Id): Promise<PostsWithCounts> {
    return this.page.read([id], (absent, toBeKept) => this.load(absent, toBeKept), true);
  }

  /** Ids of an author's posts below one, newest first; may lag behind the primary. */
  @Transactional({ readOnly: true })
  idsOfAuthorBelow(authorId: Id, belowId: Id, limit: number): Promise<Id[]> {
    return this.repository.idsOfAuthorBelow(authorId, belowId, limit);
  }

  /** Who wrote which of these posts, as the primary knows it now; one that is missing is gone or deleted. */
  @Transactional({ readOnly: true, fresh: true, certain: true })
  authorsAmongNow(ids: readonly Id[]): Promise<Map<Id, Id>> {
    return this.repository.authorsAmong(ids);
  }

  /** An author's newest posts created at or after a moment, as the primary knows them now; newest first. */
  @Transactional({ readOnly: true, fresh: true, certain: true })
  recentOfAuthorNow(authorId: Id, createdFrom: Date, limit: number): Promise<{ id: Id; createdAt: Date }[]> {
    return this.repository.recentOfAuthor(authorId, createdFrom, limit);
  }

  /** Whether who reads pulls a post, instead of its being pushed into feeds; `undefined` of one that is gone. */
  @Transactional({ readOnly: true, fresh: true, certain: true })
  isPulledNow(id: Id): Promise<boolean | undefined> {
    return this.repository.isPulled(id);
  }

  /** Those of `ids` that exist and are not deleted, as the primary knows it now. */
  @Transactional({ readOnly: true, fresh: true, certain: true })
  async liveAmongNow(ids: readonly Id[]): Promise<Set<Id>> {
    return new Set((await this.repository.authorsAmong(ids)).keys());
  }

  /** Posts as the primary knows them now, or while it is away the replica that knows most. */
  @Transactional({ readOnly: true, fresh: true })
  async byIdsNow(ids: readonly Id[]): Promise<Map<Id, StoredPost>> {
    return byId(await this.repository.byIds(ids));
  }

  private load(ids: readonly Id[], toBeKept: boolean): Promise<Map<Id, StoredPost>> {
    return confirmedRows(
      ids,
      (some) => (toBeKept ? this.onCurrentNode(some) : this.onReplica(some)),
      (some) => this.byIdsNow(some),
    );
  }

  @Transactional({ readOnly: true })
  private async onReplica(ids: readonly Id[]): Promise<Map<Id, StoredPost>> {
    return byId(await this.repository.byIds(ids));
  }

  @Transactional({ readOnly: true, current: true })
  private async onCurrentNode(ids: readonly Id[]): Promise<Map<Id, StoredPost>> {
    return byId(await this.repository.byIds(ids));
  }
}

const byId = (posts: StoredPost[]): Map<Id, StoredPost> => new Map(posts.map((post) => [post.id, post]));
