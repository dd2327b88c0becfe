import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { AccountsWriter } from './accounts.writer.js';
import type { EditProfileRequest } from './dto/user.requests.js';
import { UsersRepository } from './users.repository.js';
import { UsersViews, type OwnUserResponse } from './users.views.js';

/** What users change about themselves. */
@Injectable()
export class UsersService {
  constructor(
    private readonly repository: UsersRepository,
    private readonly accounts: AccountsWriter,
    private readonly views: UsersViews,
  ) {}

  /** @throws AppError `UNAUTHENTICATED` when the account is gone */
  @Transactional()
  async editProfile(id: Id, { displayName, bio }: EditProfileRequest): Promise<OwnUserResponse> {
    await this.accounts.requireActive(id);
    const changes = { ...(displayName !== undefined && { displayName }), ...(bio !== undefined && { bio }) };
    if (Object.keys(changes).length > 0) await this.repository.updateProfile(id, changes);
    return this.views.own(id);
  }
}
