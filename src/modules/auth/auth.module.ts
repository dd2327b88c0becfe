import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PasswordHasher } from '../../infrastructure/passwords/password-hasher.js';
import { RateLimitGuard } from '../../infrastructure/rate-limits/rate-limit.guard.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokens } from './access-tokens.js';
import { AccountController } from './account.controller.js';
import { AccountService } from './account.service.js';
import { AuthController } from './auth.controller.js';
import { IdentifyGuard, RequireUserGuard } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { KnownAddresses } from './known-addresses.js';
import { LoginLimits } from './login-limits.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { RevocationsRepository } from './revocations.repository.js';
import { RevokedSessions } from './revoked-sessions.js';
import { SessionCleanupJob } from './session-cleanup.job.js';
import { Sessions } from './sessions.js';

/** Guards run in this order: who is it, is it too much, is it allowed. */
const GUARDS = [IdentifyGuard, RateLimitGuard, RequireUserGuard].map((guard) => ({
  provide: APP_GUARD,
  useClass: guard,
}));

@Module({
  imports: [UsersModule],
  controllers: [AuthController, AccountController],
  providers: [
    AuthService,
    AccountService,
    AccessTokens,
    PasswordHasher,
    LoginLimits,
    KnownAddresses,
    Sessions,
    RevokedSessions,
    RefreshTokensRepository,
    RevocationsRepository,
    ...GUARDS,
  ],
})
export class AuthModule {}

/** For the worker, which forgets sessions that are over. */
@Module({ providers: [SessionCleanupJob, RefreshTokensRepository, RevocationsRepository] })
export class SessionCleanupModule {}
