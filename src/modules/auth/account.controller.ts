import { Body, Controller, Delete, HttpCode, HttpStatus, Ip, Put } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentPrincipal, CurrentUserId, type Principal } from '../../infrastructure/http/current-user.decorator.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import { AccountService } from './account.service.js';
import { ChangePasswordRequest, DeleteAccountRequest } from './dto/auth.requests.js';

const TAG = 'Account';

@Controller('v1/users/me')
export class AccountController {
  constructor(private readonly accounts: AccountService) {}

  @Put('password')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({
    tag: TAG,
    summary: 'Change your password',
    description: 'Every other session of yours ends.',
    noContent: true,
    body: true,
    errors: ['INVALID_CREDENTIALS', 'SERVER_BUSY'],
  })
  changePassword(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ChangePasswordRequest,
    @Ip() address: string,
  ): Promise<void> {
    return this.accounts.changePassword(principal, body.currentPassword, body.newPassword, address);
  }

  @Delete()
  @HttpCode(HttpStatus.ACCEPTED)
  @Documented({
    tag: TAG,
    summary: 'Delete your account',
    description: 'It is gone for everyone at once; its data is removed in the background.',
    accepted: true,
    body: true,
    errors: ['INVALID_CREDENTIALS', 'SERVER_BUSY'],
  })
  delete(@CurrentUserId() userId: Id, @Body() body: DeleteAccountRequest, @Ip() address: string): Promise<void> {
    return this.accounts.delete(userId, body.password, address);
  }
}
