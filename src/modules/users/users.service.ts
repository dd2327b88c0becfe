import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { MediaWriter, type PreparedMedia } from '../media/media.writer.js';
import { AccountsWriter } from './accounts.writer.js';
import type { EditProfileRequest } from './dto/user.requests.js';
import { accountGone } from './users.errors.js';
import { UsersRepository } from './users.repository.js';
import { UsersViews, type OwnUserResponse } from './users.views.js';

/** What users change about themselves. */
@Injectable()
export class UsersService {
  constructor(
    private readonly repository: UsersRepository,
    private readonly accounts: AccountsWriter,
    private readonly views: UsersViews,
    private readonly media: MediaWriter,
  ) {}

  /**
   * @throws AppError `UNAUTHENTICATED` when the account is gone, and with an avatar `MEDIA_NOT_UPLOADED`,
   *   `MEDIA_REJECTED`, `STORAGE_UNAVAILABLE`
   */
  async editProfile(id: Id, { avatarKey, ...texts }: EditProfileRequest): Promise<OwnUserResponse> {
    if (avatarKey === undefined) return this.save(id, texts);
    const keys = avatarKey === null ? [] : [avatarKey];
    const avatar = await this.media.prepare(id, { keys, fieldOf: () => 'avatarKey', only: 'image' });
    return this.save(id, texts, avatar);
  }

  /** @param avatar no medium for none from now on; left out, it stays as it is */
  @Transactional()
  private async save(
    id: Id,
    { displayName, bio }: Omit<EditProfileRequest, 'avatarKey'>,
    avatar?: PreparedMedia,
  ): Promise<OwnUserResponse> {
    const changes = {
      ...(displayName !== undefined && { displayName }),
      ...(bio !== undefined && { bio }),
      ...(avatar && { avatarKey: await this.changeAvatar(id, avatar) }),
    };
    if (!avatar) await this.accounts.requireActive(id);
    if (Object.keys(changes).length > 0) await this.repository.updateProfile(id, changes);
    return this.views.own(id);
  }

  /** @returns the key of the new one */
  private async changeAvatar(id: Id, avatar: PreparedMedia): Promise<string | null> {
    const before = await this.repository.lockAvatar(id);
    if (before === undefined) throw accountGone();
    const [medium] = await this.media.attach(avatar);
    if (before !== null) await this.media.release(id, [before]);
    return medium?.key ?? null;
  }
}
