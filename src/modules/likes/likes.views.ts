import { Injectable } from '@nestjs/common';
import { fillPage, inOrder } from '../../common/fill-page.js';
import type { Id } from '../../common/id.js';
import { IdCursor } from '../../common/id-cursor.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { toPage, type Page } from '../../infrastructure/http/page.js';
import { UsersViews, type UserResponse } from '../users/users.views.js';
import { likedPostNotFound } from './likes.errors.js';
import { LikesRepository } from './likes.repository.js';

const CURSOR = new IdCursor('likes');

/** Who likes a post. */
@Injectable()
export class LikesViews {
  constructor(
    private readonly repository: LikesRepository,
    private readonly users: UsersViews,
  ) {}

  /** @throws AppError `POST_NOT_FOUND`, `INVALID_CURSOR` */
  async likers(postId: Id, readerId: Id, limit: number, cursor?: string): Promise<Page<UserResponse>> {
    const start = CURSOR.decodeOptional(cursor);
    // A replica may not know yet what has just been posted.
    if (!(await this.postOnReplica(postId)) && !(await this.postOnPrimary(postId))) throw likedPostNotFound();
    const users = await fillPage<Id, UserResponse>(
      {
        wanted: limit + 1,
        keysAfter: (userId, count) => this.likersAfter(postId, userId ?? '0', count),
        hydrate: async (ids) => inOrder(ids, await this.users.many(ids, readerId)),
      },
      start,
    );
    return toPage(users, limit, (last) => CURSOR.encode(last.id));
  }

  @Transactional({ readOnly: true })
  private likersAfter(postId: Id, userId: Id, count: number): Promise<Id[]> {
    return this.repository.likersAfter(postId, userId, count);
  }

  @Transactional({ readOnly: true })
  private postOnReplica(postId: Id): Promise<boolean> {
    return this.repository.postExists(postId);
  }

  @Transactional({ readOnly: true, fresh: true })
  private postOnPrimary(postId: Id): Promise<boolean> {
    return this.repository.postExists(postId);
  }
}
