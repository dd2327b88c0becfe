import { Injectable } from '@nestjs/common';
import { batches, groupBy } from '../../common/batches.js';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import type { RedisTraffic } from '../../infrastructure/redis/redis-clients.js';
import { scriptCommand, type RedisCommand } from '../../infrastructure/redis/redis-command.js';
import { RedisExecutor } from '../../infrastructure/redis/redis-executor.js';
import { decodeEntry, encodeEntry, type FeedEntry } from './feed-entry.js';
import { bucketOf, feedKey } from './feed-keys.js';
import { ADD, BEGIN_BUILD, COMPLETE_BUILD, PAGE, PUSH, RECORD_READING, REMOVE } from './feed.scripts.js';

/** Feeds of one script call: a call of 256 short feeds blocks its node for about half a millisecond. */
const FEEDS_PER_CALL = 256;

export type FeedState = 'absent' | 'building' | 'ready';

/** A part of a feed as it is stored, newest first. */
export interface FeedSlice {
  state: FeedState;
  /** Epoch seconds. */
  lastReadAt: number;
  entries: FeedEntry[];
  /** Posts met on the way whose time is over. */
  expired: Id[];
}

/** What a reading showed and met. */
export interface Reading {
  userId: Id;
  shown: Id[];
  expired: Id[];
  /** Posts that do not exist any more. */
  gone: Id[];
}

/**
 * Only background work waits for a Redis replica: all requests share a connection to each node, which the wait would
 * block, and what a request writes is written again by its outbox job.
 */
const isReplicated = (traffic: RedisTraffic): boolean => traffic === 'background';

const STATES: Record<string, FeedState> = { a: 'absent', b: 'building', r: 'ready' };

/** Redis side of feeds; see `docs/redis-keys.md`. Every call is idempotent. */
@Injectable()
export class FeedStore {
  constructor(
    private readonly redis: RedisExecutor,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Puts a post into the feeds of many users, one script call a bucket; users without a feed are skipped.
   *
   * @returns how many of the users have a feed
   */
  async push(entry: FeedEntry, userIds: readonly Id[], traffic: RedisTraffic): Promise<number> {
    const args = [entry.postId, encodeEntry(entry), this.config.feed.maxEntries];
    const commands = this.byBucket(userIds, (keys) => scriptCommand(PUSH, keys, args));
    const reached = await this.redis.execute<number>(commands, { traffic, replicated: isReplicated(traffic) });
    return reached.reduce((sum, count) => sum + count, 0);
  }

  /** Takes posts out of the feeds of many users. */
  async remove(postIds: readonly Id[], userIds: readonly Id[], traffic: RedisTraffic): Promise<void> {
    if (postIds.length === 0) return;
    const commands = this.byBucket(userIds, (keys) => scriptCommand(REMOVE, keys, [...postIds]));
    await this.redis.execute(commands, { traffic, replicated: isReplicated(traffic) });
  }

  /** Puts posts into one feed, if it exists. */
  async add(userId: Id, entries: readonly FeedEntry[], traffic: RedisTraffic): Promise<void> {
    const args = entries.flatMap((entry) => [entry.postId, encodeEntry(entry)]);
    await this.one(ADD, userId, [this.config.feed.maxEntries, ...args], traffic, isReplicated(traffic));
  }

  /**
   * The newest live entries of a feed.
   *
   * @param belowId only posts with lower ids; all when it is left out
   */
  async page(userId: Id, belowId: Id | undefined, limit: number): Promise<FeedSlice> {
    const args = [this.clock.nowSeconds(), belowId ?? '+inf', limit];
    const [state, lastReadAt, live, ...members] = await this.one<[string, string, number, ...string[]]>(
      PAGE,
      userId,
      args,
      'request',
    );
    const entries = members.map(decodeEntry);
    return {
      state: STATES[state]!,
      lastReadAt: Number(lastReadAt),
      entries: entries.slice(0, live),
      expired: entries.slice(live).map((entry) => entry.postId),
    };
  }

  /** Ids of all posts in a feed, expired ones included. */
  async allPostIds(userId: Id, traffic: RedisTraffic): Promise<Id[]> {
    const key = this.key(userId);
    const command: RedisCommand = { name: 'zrange', key, args: [key, '(0', '+inf', 'BYSCORE'] };
    const [members] = await this.redis.execute<string[]>([command], { traffic });
    return members!.map((member) => decodeEntry(member).postId);
  }

  /** Brings a feed into being or joins its build. @returns what {@link completeBuild} needs */
  async beginBuild(userId: Id, token: string): Promise<{ state: FeedState; token: string }> {
    const [state, current] = await this.one<[string, string]>(
      BEGIN_BUILD,
      userId,
      [token, this.clock.nowSeconds()],
      'request',
    );
    return { state: STATES[state]!, token: current };
  }

  /** @returns false when the feed has been dropped since the build began */
  async completeBuild(userId: Id, token: string, leftOut: Id | undefined): Promise<boolean> {
    return (await this.one<number>(COMPLETE_BUILD, userId, [token, leftOut ?? '0'], 'request')) === 1;
  }

  /** Marks what was shown as viewed and removes what had expired or does not exist any more. */
  async recordReadings(readings: readonly Reading[]): Promise<void> {
    const viewedTtl = Math.floor(this.config.feed.viewedTtlMs / 1_000);
    const now = this.clock.nowSeconds();
    const commands = readings.flatMap(({ userId, shown, expired, gone }) => {
      const keys = [this.key(userId)];
      const record = scriptCommand(RECORD_READING, keys, [now, viewedTtl, shown.length, ...shown, ...expired]);
      return gone.length > 0 ? [record, scriptCommand(REMOVE, keys, gone)] : [record];
    });
    await this.redis.execute(commands, { traffic: 'background' });
  }

  /** Removes whole feeds; each is rebuilt when its owner reads again. */
  async drop(userIds: readonly Id[]): Promise<void> {
    const commands = this.byBucket(userIds, (keys) => ({ name: 'unlink', key: keys[0]!, args: keys }));
    await this.redis.execute(commands, { traffic: 'background', replicated: true });
  }

  private async one<T>(
    script: typeof ADD,
    userId: Id,
    args: (string | number)[],
    traffic: RedisTraffic,
    replicated = false,
  ): Promise<T> {
    const [reply] = await this.redis.execute<T>([scriptCommand(script, [this.key(userId)], args)], {
      traffic,
      replicated,
    });
    return reply!;
  }

  private byBucket(userIds: readonly Id[], commandOf: (keys: string[]) => RedisCommand): RedisCommand[] {
    const groups = groupBy(userIds, (userId) => bucketOf(userId, this.config.feed.buckets));
    return [...groups.values()].flatMap((group) =>
      [...batches(group, FEEDS_PER_CALL)].map((part) => commandOf(part.map((userId) => this.key(userId)))),
    );
  }

  private key(userId: Id): string {
    return feedKey(userId, this.config.feed.buckets);
  }
}
