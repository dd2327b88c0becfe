import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { requestContext } from '../../infrastructure/context/request-context.js';
import { PasswordHasher } from '../../infrastructure/passwords/password-hasher.js';
import { AccountsWriter } from '../users/accounts.writer.js';
import { UsersReader, type UserCredentials } from '../users/users.reader.js';
import { UsersWriter, type Registration } from '../users/users.writer.js';
import { AccessTokens } from './access-tokens.js';
import { invalidCredentials } from './auth.errors.js';
import type { RegisterRequest } from './dto/auth.requests.js';
import type { TokenPairResponse } from './dto/session.response.js';
import { LoginLimits } from './login-limits.js';
import { Sessions, type Session } from './sessions.js';

export type Authenticated = TokenPairResponse & { userId: Id };

/** Registration and the life of sessions. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersWriter,
    private readonly accounts: AccountsWriter,
    private readonly reader: UsersReader,
    private readonly passwords: PasswordHasher,
    private readonly tokens: AccessTokens,
    private readonly sessions: Sessions,
    private readonly limits: LoginLimits,
  ) {}

  /**
   * @param address where the request comes from
   * @throws AppError `USERNAME_TAKEN`, `EMAIL_TAKEN`, `RATE_LIMITED`, `SERVER_BUSY`
   */
  async register(request: RegisterRequest, address: string): Promise<Authenticated> {
    await this.limits.beforeRegistration(address);
    const { username, email, displayName = username } = request;
    const passwordHash = await this.passwords.hash(request.password);
    return this.createAccount({ username, email, displayName, passwordHash });
  }

  /**
   * @param address where the request comes from
   * @throws AppError `INVALID_CREDENTIALS`, `RATE_LIMITED`, `SERVER_BUSY`
   */
  async login(login: string, password: string, address: string): Promise<Authenticated> {
    const user = await this.reader.credentials(login);
    // One budget an account, whether it is named by username or by address.
    const attempt = await this.limits.beforeLogin(user ? `user:${user.id}` : login, address);
    const matches = await attempt.check(() => this.passwords.verify(password, user?.passwordHash));
    if (!user || !matches) throw invalidCredentials();
    await attempt.succeeded();
    return this.present(await this.beginChecked(user));
  }

  /** @throws AppError `UNAUTHENTICATED`, `TOKEN_REUSED` */
  async refresh(refreshToken: string): Promise<Authenticated> {
    return this.present(await this.sessions.rotate(refreshToken));
  }

  logout(userId: Id, refreshToken: string): Promise<void> {
    return this.sessions.end(userId, refreshToken);
  }

  /** Hashing is slow and holds no lock: since the check the password may have changed, or the account be gone. */
  @Transactional()
  private async beginChecked(user: UserCredentials): Promise<Session> {
    if (!(await this.accounts.keepCredentials(user))) throw invalidCredentials();
    return this.sessions.begin(user.id);
  }

  /** The account and its first session, or neither. */
  @Transactional()
  private async createAccount(registration: Registration): Promise<Authenticated> {
    const userId = await this.users.register(registration);
    actAs(userId);
    return this.present(await this.sessions.begin(userId));
  }

  private present(session: Session): Authenticated {
    return {
      userId: session.userId,
      accessToken: this.tokens.issue(session),
      refreshToken: session.refreshToken,
      expiresIn: this.tokens.ttlSeconds,
    };
  }
}

/** From here on the request is the new user's: their next ones see the account, on whichever replica. */
function actAs(userId: Id): void {
  const context = requestContext.getStore();
  if (context) context.userId = userId;
}
