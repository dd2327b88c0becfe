import { Body, Controller, Header, HttpCode, HttpStatus, Post } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { Public } from '../../infrastructure/http/public.decorator.js';
import { UsersViews } from '../users/users.views.js';
import { AuthService, type Authenticated } from './auth.service.js';
import { LoginRequest, RefreshRequest, RegisterRequest } from './dto/auth.requests.js';
import type { SessionResponse, TokenPairResponse } from './dto/session.response.js';

@Controller('v1/auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly users: UsersViews,
  ) {}

  @Public()
  @Post('register')
  @Header('Cache-Control', 'private, no-store')
  async register(@Body() body: RegisterRequest): Promise<SessionResponse> {
    return this.withUser(await this.auth.register(body));
  }

  @Public()
  @Post('login')
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'private, no-store')
  async login(@Body() body: LoginRequest): Promise<SessionResponse> {
    return this.withUser(await this.auth.login(body.login, body.password));
  }

  @Public()
  @Post('refresh')
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'private, no-store')
  async refresh(@Body() body: RefreshRequest): Promise<TokenPairResponse> {
    const { accessToken, refreshToken, expiresIn } = await this.auth.refresh(body.refreshToken);
    return { accessToken, refreshToken, expiresIn };
  }

  @Post('logout')
  @HttpCode(HttpStatus.NO_CONTENT)
  logout(@CurrentUserId() userId: Id, @Body() body: RefreshRequest): Promise<void> {
    return this.auth.logout(userId, body.refreshToken);
  }

  private async withUser({ userId, ...tokens }: Authenticated): Promise<SessionResponse> {
    return { user: await this.users.own(userId), ...tokens };
  }
}
