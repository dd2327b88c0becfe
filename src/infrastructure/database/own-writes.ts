import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { requestContext } from '../context/request-context.js';
import { RedisCommands } from '../redis/redis-commands.js';
import { DatabaseNodes } from './database-nodes.js';

/** How long after a write its author is sure to read it; beyond it, a replica that lags as much is out of the rotation. */
const KEEP_SECONDS = 60;
/** Users whose last write this process remembers by itself; the oldest is forgotten first. */
const MAX_REMEMBERED = 100_000;

interface Remembered {
  gtid: string;
  untilMs: number;
}

/** How often tokens that Redis did not take are offered again. */
const SHARE_AGAIN_MS = 500;
/** How long after Redis failed last another instance may still hold tokens that it has not shared. */
const DOUBT_MS = 5_000;

/**
 * Remembers for each user where in MySQL's history their last write is (the commit's GTID), so that their next reads
 * wait for it on a replica or go to the primary, on whichever instance. Everybody else's reads are not concerned.
 *
 * The token is in Redis before the answer to the write goes out. While Redis is down nobody knows who has written on
 * another instance, so reads ask for all that the primary has executed by then; tokens are shared when Redis is back.
 */
@Injectable()
export class OwnWrites implements OnApplicationShutdown {
  private readonly logger = new Logger(OwnWrites.name);
  private readonly remembered = new Map<Id, Remembered>();
  private readonly unshared = new Map<Id, Remembered>();
  private doubtUntilMs = 0;
  private sharing?: NodeJS.Timeout;

  constructor(
    private readonly redis: RedisCommands,
    private readonly nodes: DatabaseNodes,
    private readonly clock: Clock,
  ) {}

  onApplicationShutdown(): void {
    clearTimeout(this.sharing);
  }

  /** Notes a commit of the user whose request this is; background work has no user. */
  async note(gtid: string): Promise<void> {
    const context = requestContext.getStore();
    if (context?.userId === undefined) return;
    const { userId } = context;
    context.lastWrite = Promise.resolve(gtid);
    const entry = { gtid, untilMs: this.clock.nowMs() + KEEP_SECONDS * 1_000 };
    remember(this.remembered, userId, entry);
    try {
      await this.share(userId, gtid);
      this.unshared.delete(userId);
    } catch (error) {
      this.doubt(error);
      remember(this.unshared, userId, entry);
      this.shareLater();
    }
  }

  /** GTIDs that a node must have executed for the user of this request to see their own writes. */
  required(): Promise<string | undefined> {
    const context = requestContext.getStore();
    if (context?.userId === undefined) return Promise.resolve(undefined);
    context.lastWrite ??= this.lookUp(context.userId);
    return context.lastWrite;
  }

  /** Whether the user of this request has written lately, so that nothing that lags may answer them. */
  async hasWritten(): Promise<boolean> {
    return (await this.required()) !== undefined;
  }

  private async lookUp(userId: Id): Promise<string | undefined> {
    const here = this.remembered.get(userId);
    const own = here && here.untilMs > this.clock.nowMs() ? here.gtid : undefined;
    try {
      const shared = await this.redis.call<string | null>({ traffic: 'request' }, 'get', keyOf(userId));
      if (this.clock.nowMs() < this.doubtUntilMs) return await this.everything(own);
      // Both, because another instance may have written later, or this one when Redis did not answer.
      return shared && own && shared !== own ? `${shared},${own}` : (shared ?? own);
    } catch (error) {
      this.doubt(error);
      return this.everything(own);
    }
  }

  /** All that the primary has executed, which includes what this user wrote wherever it was. */
  private async everything(own: string | undefined): Promise<string | undefined> {
    try {
      return await this.nodes.executedByPrimary();
    } catch {
      return own; // neither Redis nor the primary: nobody can have written elsewhere and been told so
    }
  }

  private doubt(error: unknown): void {
    const nowMs = this.clock.nowMs();
    if (nowMs >= this.doubtUntilMs) this.logger.warn({ err: error }, 'own-writes tokens cannot be shared');
    this.doubtUntilMs = nowMs + DOUBT_MS;
  }

  private async share(userId: Id, gtid: string): Promise<void> {
    await this.redis.call({ traffic: 'request' }, 'set', keyOf(userId), gtid, 'EX', KEEP_SECONDS);
  }

  private shareLater(): void {
    this.sharing ??= setTimeout(() => void this.shareAll(), SHARE_AGAIN_MS).unref();
  }

  private async shareAll(): Promise<void> {
    const nowMs = this.clock.nowMs();
    for (const [userId, { gtid, untilMs }] of this.unshared) {
      try {
        if (untilMs > nowMs) await this.share(userId, gtid);
        if (this.unshared.get(userId)?.gtid === gtid) this.unshared.delete(userId);
      } catch (error) {
        this.doubt(error);
        break; // the others would fare no better
      }
    }
    this.sharing = undefined;
    if (this.unshared.size > 0) this.shareLater();
  }
}

function remember(map: Map<Id, Remembered>, userId: Id, entry: Remembered): void {
  map.delete(userId);
  map.set(userId, entry);
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value!);
}

const keyOf = (userId: Id): string => `own-writes:${userId}`;
