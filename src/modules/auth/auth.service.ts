import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { UsersReader } from '../users/users.reader.js';
import { UsersWriter } from '../users/users.writer.js';
import { AccessTokens } from './access-tokens.js';
import { invalidCredentials } from './auth.errors.js';
import type { RegisterRequest } from './dto/auth.requests.js';
import type { TokenPairResponse } from './dto/session.response.js';
import { PasswordHasher } from './password-hasher.js';
import { Sessions } from './sessions.js';

export type Authenticated = TokenPairResponse & { userId: Id };

@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersWriter,
    private readonly reader: UsersReader,
    private readonly passwords: PasswordHasher,
    private readonly tokens: AccessTokens,
    private readonly sessions: Sessions,
  ) {}

  /** @throws AppError `USERNAME_TAKEN`, `EMAIL_TAKEN`, `SERVER_BUSY` */
  async register(request: RegisterRequest): Promise<Authenticated> {
    const { username, email, displayName = username } = request;
    const passwordHash = await this.passwords.hash(request.password);
    return this.createAccount({ username, email, displayName, passwordHash });
  }

  /** @throws AppError `INVALID_CREDENTIALS`, `SERVER_BUSY` */
  async login(login: string, password: string): Promise<Authenticated> {
    const user = await this.reader.credentials(login);
    const matches = await this.passwords.verify(password, user?.passwordHash);
    if (!user || !matches) throw invalidCredentials();
    return this.withAccessToken(user.id, await this.sessions.begin(user.id));
  }

  /** @throws AppError `UNAUTHENTICATED`, `TOKEN_REUSED` */
  async refresh(refreshToken: string): Promise<Authenticated> {
    const next = await this.sessions.rotate(refreshToken);
    return this.withAccessToken(next.userId, next.refreshToken);
  }

  logout(userId: Id, refreshToken: string): Promise<void> {
    return this.sessions.end(userId, refreshToken);
  }

  /** The account and its first session, or neither. */
  @Transactional()
  private async createAccount(registration: Parameters<UsersWriter['register']>[0]): Promise<Authenticated> {
    const userId = await this.users.register(registration);
    return this.withAccessToken(userId, await this.sessions.begin(userId));
  }

  private withAccessToken(userId: Id, refreshToken: string): Authenticated {
    return { userId, accessToken: this.tokens.issue(userId), refreshToken, expiresIn: this.tokens.ttlSeconds };
  }
}
