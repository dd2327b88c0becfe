import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { LATE_COMMIT_MS } from '../../config/limits.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { RevocationsRepository } from './revocations.repository.js';

const POLL_MS = 500;
/** How far back each poll looks beside the last one: longer than a write transaction may last, and than clocks differ. */
const OVERLAP_MS = LATE_COMMIT_MS;

/**
 * Access tokens are valid by themselves until they expire, within minutes. Those that must die earlier (logout, changed
 * password, deleted account) are few: each instance keeps them in memory and learns of the others' twice a second.
 */
@Injectable()
export class RevokedSessions implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RevokedSessions.name);
  /** Session id, or user id for a whole account, and when the entry may be forgotten. */
  private readonly revoked = new Map<string, number>();
  private timer?: NodeJS.Timeout;
  private lastPollMs = 0;
  private failing = false;

  constructor(
    private readonly repository: RevocationsRepository,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.poll();
    this.timer = setInterval(() => void this.poll(), POLL_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  isRevoked(userId: Id, sessionId: string): boolean {
    return this.revoked.size > 0 && (this.revoked.has(sessionId) || this.revoked.has(accountKey(userId)));
  }

  /** Makes it known here at once; the row that tells the other instances has been committed. */
  add(userId: Id, sessionId: string | null): void {
    const until = this.clock.nowMs() + this.config.auth.accessTokenTtlMs + OVERLAP_MS;
    this.revoked.set(sessionId ?? accountKey(userId), until);
  }

  private async poll(): Promise<void> {
    const now = this.clock.nowMs();
    const horizon = this.config.auth.accessTokenTtlMs + OVERLAP_MS;
    try {
      const since = this.lastPollMs === 0 ? now - horizon : this.lastPollMs - OVERLAP_MS;
      for (const { userId, sessionId } of await this.read(new Date(since))) this.add(userId, sessionId);
      this.lastPollMs = now;
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.logger.warn({ err: error }, 'revoked sessions cannot be read; trying again');
      this.failing = true;
    }
    for (const [key, until] of this.revoked) if (until < now) this.revoked.delete(key);
  }

  @Transactional({ readOnly: true, fresh: true })
  private read(since: Date) {
    return this.repository.since(since);
  }
}

const accountKey = (userId: Id): string => `account:${userId}`;
