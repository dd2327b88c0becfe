import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { requestContext } from '../context/request-context.js';
import { RedisExecutor } from '../redis/redis-executor.js';

/** How long after a write its author is sure to read it; beyond it, a replica that lags as much is out of the rotation. */
const KEEP_SECONDS = 60;
/** Users whose last write this process remembers by itself; the oldest is forgotten first. */
const MAX_REMEMBERED = 100_000;

interface Remembered {
  gtid: string;
  untilMs: number;
}

/**
 * Remembers for each user where in MySQL's history their last write is (the commit's GTID), so that their next reads
 * wait for it on a replica or go to the primary, on whichever instance. Everybody else's reads are not concerned.
 *
 * The token is in Redis before the answer to the write goes out. While Redis is down it is known on the instance that
 * wrote, and the failure is logged.
 */
@Injectable()
export class OwnWrites {
  private readonly logger = new Logger(OwnWrites.name);
  private readonly remembered = new Map<Id, Remembered>();

  constructor(
    private readonly redis: RedisExecutor,
    private readonly clock: Clock,
  ) {}

  /** Notes a commit of the user whose request this is; background work has no user. */
  async note(gtid: string): Promise<void> {
    const context = requestContext.getStore();
    if (context?.userId === undefined) return;
    const { userId } = context;
    context.lastWrite = Promise.resolve(gtid);
    this.remember(userId, gtid);
    try {
      const key = keyOf(userId);
      await this.redis.execute([{ name: 'set', key, args: [key, gtid, 'EX', KEEP_SECONDS] }], { traffic: 'request' });
    } catch (error) {
      this.logger.warn({ err: error }, 'an own-writes token could not be shared with other instances');
    }
  }

  /** GTIDs that a node must have executed for the user of this request to see their own writes. */
  required(): Promise<string | undefined> {
    const context = requestContext.getStore();
    if (context?.userId === undefined) return Promise.resolve(undefined);
    context.lastWrite ??= this.lookUp(context.userId);
    return context.lastWrite;
  }

  private async lookUp(userId: Id): Promise<string | undefined> {
    const here = this.remembered.get(userId);
    const own = here && here.untilMs > this.clock.nowMs() ? here.gtid : undefined;
    try {
      const key = keyOf(userId);
      const [shared] = await this.redis.execute<string | null>([{ name: 'get', key, args: [key] }], {
        traffic: 'request',
      });
      // Both, because another instance may have written later, or this one when Redis did not answer.
      return shared && own && shared !== own ? `${shared},${own}` : (shared ?? own);
    } catch (error) {
      this.logger.warn({ err: error }, 'own-writes tokens of other instances cannot be read');
      return own;
    }
  }

  private remember(userId: Id, gtid: string): void {
    this.remembered.delete(userId);
    this.remembered.set(userId, { gtid, untilMs: this.clock.nowMs() + KEEP_SECONDS * 1_000 });
    if (this.remembered.size > MAX_REMEMBERED) this.remembered.delete(this.remembered.keys().next().value!);
  }
}

const keyOf = (userId: Id): string => `own-writes:${userId}`;
