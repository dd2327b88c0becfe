import { Injectable } from '@nestjs/common';
import { fillPage, inOrder } from '../../common/fill-page.js';
import type { Id } from '../../common/id.js';
import { IdCursor } from '../../common/id-cursor.js';
import { toPage, type Page } from '../../infrastructure/http/page.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { UsersReader } from './users.reader.js';
import { UsersViews, type UserResponse } from './users.views.js';

const FOLLOWERS = new IdCursor('followers');
const FOLLOWING = new IdCursor('following');

type NextIds = (afterId: Id, count: number) => Promise<Id[]>;

/** Who follows a user, and whom a user follows, in the order of their ids. */
@Injectable()
export class FollowerLists {
  constructor(
    private readonly follows: FollowsReader,
    private readonly users: UsersReader,
    private readonly views: UsersViews,
  ) {}

  /** @throws AppError `USER_NOT_FOUND`, `INVALID_CURSOR` */
  followers(userId: Id, readerId: Id, limit: number, cursor?: string): Promise<Page<UserResponse>> {
    const next: NextIds = (afterId, count) => this.follows.followersAfter(userId, afterId, count);
    return this.page(userId, readerId, limit, FOLLOWERS, next, cursor);
  }

  /** @throws AppError `USER_NOT_FOUND`, `INVALID_CURSOR` */
  following(userId: Id, readerId: Id, limit: number, cursor?: string): Promise<Page<UserResponse>> {
    const next: NextIds = (afterId, count) => this.follows.followeesAfter(userId, afterId, count);
    return this.page(userId, readerId, limit, FOLLOWING, next, cursor);
  }

  private async page(
    userId: Id,
    readerId: Id,
    limit: number,
    cursors: IdCursor,
    next: NextIds,
    cursor: string | undefined,
  ): Promise<Page<UserResponse>> {
    const start = cursors.decodeOptional(cursor);
    await this.users.requireUser(userId);
    const users = await fillPage<Id, UserResponse>(
      {
        wanted: limit + 1,
        keysAfter: (after, count) => next(after ?? '0', count),
        hydrate: async (ids) => inOrder(ids, await this.views.many(ids, readerId)),
      },
      start,
    );
    return toPage(users, limit, (last) => cursors.encode(last.id));
  }
}
