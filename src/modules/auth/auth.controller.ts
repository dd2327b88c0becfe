import { Body, Controller, Header, HttpCode, HttpStatus, Ip, Post } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { Public } from '../../infrastructure/http/public.decorator.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import { UsersViews } from '../users/users.views.js';
import { AuthService, type Authenticated } from './auth.service.js';
import { LoginRequest, RefreshRequest, RegisterRequest } from './dto/auth.requests.js';
import { SessionResponse, TokenPairResponse } from './dto/session.response.js';

const TAG = 'Sessions';

@Controller('v1/auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly users: UsersViews,
  ) {}

  @Public()
  @Post('register')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Make an account',
    created: SessionResponse,
    open: true,
    body: true,
    errors: ['USERNAME_TAKEN', 'EMAIL_TAKEN', 'SERVER_BUSY'],
  })
  async register(@Body() body: RegisterRequest, @Ip() address: string): Promise<SessionResponse> {
    return this.withUser(await this.auth.register(body, address));
  }

  @Public()
  @Post('login')
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Begin a session',
    ok: SessionResponse,
    open: true,
    body: true,
    errors: ['INVALID_CREDENTIALS', 'SERVER_BUSY'],
  })
  async login(@Body() body: LoginRequest, @Ip() address: string): Promise<SessionResponse> {
    return this.withUser(await this.auth.login(body.login, body.password, address));
  }

  @Public()
  @Post('refresh')
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Continue a session',
    description: 'The refresh token is spent. Using a spent one ends the whole session.',
    ok: TokenPairResponse,
    open: true,
    body: true,
    errors: ['UNAUTHENTICATED', 'TOKEN_REUSED'],
  })
  async refresh(@Body() body: RefreshRequest): Promise<TokenPairResponse> {
    const { accessToken, refreshToken, expiresIn } = await this.auth.refresh(body.refreshToken);
    return { accessToken, refreshToken, expiresIn };
  }

  @Post('logout')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({ tag: TAG, summary: 'End the session of a refresh token', noContent: true, body: true })
  logout(@CurrentUserId() userId: Id, @Body() body: RefreshRequest): Promise<void> {
    return this.auth.logout(userId, body.refreshToken);
  }

  private async withUser({ userId, ...tokens }: Authenticated): Promise<SessionResponse> {
    return { user: await this.users.own(userId), ...tokens };
  }
}
