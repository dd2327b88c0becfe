import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { confirmedRows } from '../../infrastructure/database/confirmed-read.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { FollowsReader } from '../follows/follows.reader.js';
import { MediaViews } from '../media/media.views.js';
import type { OwnUserResponse, UserResponse, UserSummaryResponse } from './dto/user.response.js';
import { UsersRepository, type StoredSummary, type UserProfile } from './users.repository.js';
import { accountGone, userNotFound } from './users.errors.js';

export { OwnUserResponse, UserResponse, UserSummaryResponse } from './dto/user.response.js';

/** Hydrates and presents users. */
@Injectable()
export class UsersViews {
  constructor(
    private readonly repository: UsersRepository,
    private readonly follows: FollowsReader,
    private readonly media: MediaViews,
  ) {}

  /** @throws AppError `USER_NOT_FOUND` */
  async one(id: Id, readerId: Id): Promise<UserResponse> {
    const users = await this.many([id], readerId);
    const user = users.get(id);
    if (!user) throw userNotFound();
    return user;
  }

  /** The user as they see themself. @throws AppError `UNAUTHENTICATED` when the account is gone */
  async own(id: Id): Promise<OwnUserResponse> {
    const profile = (await this.profiles([id])).get(id);
    if (!profile) throw accountGone();
    return { ...presentUser(profile, false, await this.avatars([profile])), email: profile.email };
  }

  /** @param username lower-case. @throws AppError `USER_NOT_FOUND` */
  async byUsername(username: string, readerId: Id): Promise<UserResponse> {
    // A replica may not know yet who has just registered.
    const id = (await this.idOnReplica(username)) ?? (await this.idOnPrimary(username));
    if (id === undefined) throw userNotFound();
    return this.one(id, readerId);
  }

  /** Users by id as `readerId` sees them; who is missing is deleted or never was. */
  async many(ids: readonly Id[], readerId: Id): Promise<Map<Id, UserResponse>> {
    const [profiles, followed] = await Promise.all([this.profiles(ids), this.follows.followedAmong(readerId, ids)]);
    const urls = await this.avatars(profiles.values());
    return new Map([...profiles].map(([id, profile]) => [id, presentUser(profile, followed.has(id), urls)]));
  }

  private avatars(profiles: Iterable<UserProfile>): Promise<Map<string, string>> {
    return this.media.urls(Array.from(profiles, ({ avatarKey }) => avatarKey));
  }

  private profiles(ids: readonly Id[]): Promise<Map<Id, UserProfile>> {
    return confirmedRows(
      ids,
      (some) => this.onReplica(some),
      (some) => this.onPrimary(some),
    );
  }

  @Transactional({ readOnly: true })
  private idOnReplica(username: string): Promise<Id | undefined> {
    return this.repository.idByUsername(username);
  }

  @Transactional({ readOnly: true, fresh: true })
  private idOnPrimary(username: string): Promise<Id | undefined> {
    return this.repository.idByUsername(username);
  }

  @Transactional({ readOnly: true })
  private async onReplica(ids: readonly Id[]): Promise<Map<Id, UserProfile>> {
    return byId(await this.repository.profilesByIds(ids));
  }

  @Transactional({ readOnly: true, fresh: true })
  private async onPrimary(ids: readonly Id[]): Promise<Map<Id, UserProfile>> {
    return byId(await this.repository.profilesByIds(ids));
  }
}

const byId = (profiles: UserProfile[]): Map<Id, UserProfile> =>
  new Map(profiles.map((profile) => [profile.id, profile]));

/** Pure: a stored profile as clients see it. */
function presentUser(profile: UserProfile, followedByMe: boolean, urls: Map<string, string>): UserResponse {
  return {
    ...presentSummary(profile, urls),
    bio: profile.bio,
    postCount: Number(profile.postCount),
    followerCount: Number(profile.followerCount),
    followingCount: Number(profile.followingCount),
    createdAt: profile.createdAt.toISOString(),
    followedByMe,
  };
}

/** Pure: the few fields that stand beside a post. @param urls of avatars, by key */
export function presentSummary(user: StoredSummary, urls: Map<string, string>): UserSummaryResponse {
  const avatarUrl = user.avatarKey === null ? null : urls.get(user.avatarKey)!;
  return { id: user.id, username: user.username, displayName: user.displayName, avatarUrl };
}
