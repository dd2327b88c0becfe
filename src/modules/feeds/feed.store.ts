import { Injectable } from '@nestjs/common';
import { batches, groupBy } from '../../common/batches.js';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import type { RedisTraffic } from '../../infrastructure/redis/redis-clients.js';
import { RedisCommands } from '../../infrastructure/redis/redis-commands.js';
import type { RedisOptions } from '../../infrastructure/redis/redis-options.js';
import { RedisPipeline } from '../../infrastructure/redis/redis-pipeline.decorator.js';
import { BACKGROUND_POLICY, policyByArgument, REQUEST_POLICY } from '../../infrastructure/resilience/policies.js';
import { Resilient } from '../../infrastructure/resilience/resilient.decorator.js';
import { decodeEntry, encodeEntry, type FeedEntry } from './feed-entry.js';
import { bucketOf, feedKey } from './feed-keys.js';
import { ADD, BEGIN_BUILD, COMPLETE_BUILD, PAGE, PUSH, RECORD_READING, REMOVE, SWEEP, PULL } from './feed.scripts.js';

/** Feeds of one script call: a call of 256 short feeds blocks its node for about half a millisecond. */
const FEEDS_PER_CALL = 256;

export type FeedState = 'absent' | 'building' | 'ready';

/** Which posts of large authors a feed has got. */
export interface PullState {
  /** Up to which post all. */
  watermark: Id;
  /** Those above the watermark that it has got, too. */
  pulled: Id[];
}

/** A part of a feed as it is stored, newest first. */
export interface FeedSlice extends PullState {
  state: FeedState;
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

/** What a sweep of some feeds took away. */
export interface Swept {
  entries: number;
  /** Feeds that nobody had read for long. */
  dropped: number;
}

/** Entries that a sweep looks at before it decides whether to look at all. */
const SAMPLE = 20;

/** Whenever a feed was last read. */
const WHENEVER = Number.MAX_SAFE_INTEGER;

/**
 * Only background work waits for a Redis replica: all requests share a connection to each node, which the wait would
 * block, and what a request writes is written again by its outbox job.
 */
const writing = (traffic: RedisTraffic): RedisOptions => ({ traffic, replicated: traffic === 'background' });

const REQUEST: RedisOptions = { traffic: 'request' };

const STATES: Record<string, FeedState> = { a: 'absent', b: 'building', r: 'ready' };

/** Redis side of feeds; see `docs/redis-keys.md`. Every call is idempotent. */
@Injectable()
export class FeedStore {
  constructor(
    private readonly redis: RedisCommands,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Puts a post into the feeds of many users, one script call a bucket; users without a feed are skipped.
   *
   * @param readBefore epoch seconds; feeds that were read since are skipped too
   * @returns how many of the users have a feed that was not skipped
   */
  @Resilient(policyByArgument(2))
  @RedisPipeline()
  push(
    entry: FeedEntry,
    userIds: readonly Id[],
    traffic: RedisTraffic,
    readBefore: number = WHENEVER,
  ): Promise<number> {
    const args = [entry.postId, encodeEntry(entry), this.config.feed.maxEntries, readBefore];
    const reached = this.byBucket(userIds, (keys) => {
      return this.redis.script<number>(writing(traffic), PUSH, keys, args);
    });
    return Promise.all(reached).then((counts) => counts.reduce((sum, count) => sum + count, 0));
  }

  /** Takes posts out of the feeds of many users. */
  @Resilient(policyByArgument(2))
  @RedisPipeline()
  remove(postIds: readonly Id[], userIds: readonly Id[], traffic: RedisTraffic): Promise<void> {
    if (postIds.length === 0) return Promise.resolve();
    return whenAll(this.byBucket(userIds, (keys) => this.redis.script(writing(traffic), REMOVE, keys, [...postIds])));
  }

  /**
   * Puts posts into one feed, if it exists.
   *
   * @param readBefore epoch seconds; a feed that was read since stays as it is
   */
  @Resilient(policyByArgument(2))
  async add(
    userId: Id,
    entries: readonly FeedEntry[],
    traffic: RedisTraffic,
    readBefore: number = WHENEVER,
  ): Promise<void> {
    const args = entries.flatMap((entry) => [entry.postId, encodeEntry(entry)]);
    const { maxEntries } = this.config.feed;
    await this.redis.script(writing(traffic), ADD, [this.key(userId)], [maxEntries, readBefore, ...args]);
  }

  /** Puts posts of large authors into one feed, if it exists, and remembers up to which post that is done. */
  @Resilient(REQUEST_POLICY)
  async pull(userId: Id, entries: readonly FeedEntry[], watermark: Id): Promise<void> {
    const args = entries.flatMap((entry) => [entry.postId, encodeEntry(entry)]);
    await this.redis.script(REQUEST, PULL, [this.key(userId)], [watermark, this.config.feed.maxEntries, ...args]);
  }

  /**
   * The newest live entries of a feed.
   *
   * @param belowId only posts with lower ids; all when it is left out
   */
  @Resilient(REQUEST_POLICY)
  async page(userId: Id, belowId: Id | undefined, limit: number): Promise<FeedSlice> {
    const args = [this.clock.nowSeconds(), belowId ?? '+inf', limit];
    type Answer = [state: string, watermark: string, pulled: string, live: number, ...members: string[]];
    const answer = await this.redis.script<Answer>(REQUEST, PAGE, [this.key(userId)], args);
    const [state, watermark, pulled, live, ...members] = answer;
    const entries = members.map(decodeEntry);
    return {
      state: STATES[state]!,
      watermark,
      pulled: pulled === '' ? [] : pulled.split('.'),
      entries: entries.slice(0, live),
      expired: entries.slice(live).map((entry) => entry.postId),
    };
  }

  /** Ids of all posts in a feed, expired ones included. */
  @Resilient(policyByArgument(1))
  async allPostIds(userId: Id, traffic: RedisTraffic): Promise<Id[]> {
    const key = this.key(userId);
    const members = await this.redis.call<string[]>({ traffic }, 'zrange', key, '(0', '+inf', 'BYSCORE');
    return members.map((member) => decodeEntry(member).postId);
  }

  /** Brings a feed into being or joins its build. @returns what {@link completeBuild} needs */
  @Resilient(REQUEST_POLICY)
  async beginBuild(userId: Id, token: string): Promise<{ state: FeedState; token: string }> {
    const args = [token, this.clock.nowSeconds()];
    const [state, current] = await this.redis.script<[string, string]>(REQUEST, BEGIN_BUILD, [this.key(userId)], args);
    return { state: STATES[state]!, token: current };
  }

  /**
   * @param leftOut highest post that did not fit
   * @param watermark up to which post the build had all posts of large authors
   * @param pulled those that it had above the watermark
   * @returns false when the feed has been dropped since the build began
   */
  @Resilient(REQUEST_POLICY)
  async completeBuild(
    userId: Id,
    token: string,
    leftOut: Id = '0',
    { watermark, pulled }: PullState = { watermark: '0', pulled: [] },
  ): Promise<boolean> {
    const args = [token, leftOut, watermark, ...pulled];
    return (await this.redis.script<number>(REQUEST, COMPLETE_BUILD, [this.key(userId)], args)) === 1;
  }

  /** Marks what was shown as viewed and removes what had expired. */
  @Resilient(BACKGROUND_POLICY)
  @RedisPipeline()
  recordReadings(readings: readonly Reading[]): Promise<void> {
    const options: RedisOptions = { traffic: 'background' };
    const viewedTtl = Math.floor(this.config.feed.viewedTtlMs / 1_000);
    const now = this.clock.nowSeconds();
    const replies = readings.map(({ userId, shown, expired }) => {
      const args = [now, viewedTtl, shown.length, ...shown, ...expired];
      return this.redis.script(options, RECORD_READING, [this.key(userId)], args);
    });
    return whenAll(replies);
  }

  /** Removes posts that do not exist any more from the feeds of those who met them. */
  @Resilient(BACKGROUND_POLICY)
  @RedisPipeline()
  removeGone(readings: readonly Pick<Reading, 'userId' | 'gone'>[]): Promise<void> {
    const met = readings.filter(({ gone }) => gone.length > 0);
    return whenAll(
      met.map(({ userId, gone }) => this.redis.script({ traffic: 'background' }, REMOVE, [this.key(userId)], gone)),
    );
  }

  /** Removes whole feeds; each is rebuilt when its owner reads again. */
  @Resilient(BACKGROUND_POLICY)
  @RedisPipeline()
  drop(userIds: readonly Id[]): Promise<void> {
    const options = writing('background');
    return whenAll(
      this.byBucket(userIds, ([first, ...others]) => this.redis.call(options, 'unlink', first!, ...others)),
    );
  }

  /**
   * Takes expired entries out of feeds, and whole feeds that have been idle for too long. A call a feed, so that none
   * blocks its node for longer than one full feed takes.
   *
   * @param keys of feeds, as a walk over a node finds them
   */
  @RedisPipeline()
  sweep(keys: readonly string[]): Promise<Swept> {
    const now = this.clock.nowSeconds();
    const keepFrom = now - Math.floor(this.config.feed.idleTtlMs / 1_000);
    const replies = keys.map((key) =>
      this.redis.script<[number, number]>({ traffic: 'background' }, SWEEP, [key], [now, keepFrom, SAMPLE]),
    );
    return Promise.all(replies).then((all) => {
      const total = (place: 0 | 1): number => all.reduce((sum, reply) => sum + reply[place], 0);
      return { entries: total(0), dropped: total(1) };
    });
  }

  private byBucket<T>(userIds: readonly Id[], callWith: (keys: string[]) => Promise<T>): Promise<T>[] {
    const groups = groupBy(userIds, (userId) => bucketOf(userId, this.config.feed.buckets));
    return [...groups.values()].flatMap((group) =>
      [...batches(group, FEEDS_PER_CALL)].map((part) => callWith(part.map((userId) => this.key(userId)))),
    );
  }

  private key(userId: Id): string {
    return feedKey(userId, this.config.feed.buckets);
  }
}

async function whenAll(replies: Promise<unknown>[]): Promise<void> {
  await Promise.all(replies);
}
