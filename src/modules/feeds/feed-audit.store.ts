import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { RedisCommands } from '../../infrastructure/redis/redis-commands.js';
import { RedisPipeline } from '../../infrastructure/redis/redis-pipeline.decorator.js';
import { storedFeed, type FeedWork, type StoredFeed } from './feed-audit.rules.js';
import { encodeEntry } from './feed-entry.js';
import { feedKey } from './feed-keys.js';
import { REPAIR } from './feed.scripts.js';

/** How many entries a repair took out, and put in. */
export interface Repaired {
  surplus: number;
  missing: number;
}

/** Redis side of the audit. */
@Injectable()
export class FeedAuditStore {
  constructor(
    private readonly redis: RedisCommands,
    private readonly config: AppConfig,
  ) {}

  /** Whose feed lies under a key; `undefined` of one that is nobody's. */
  ownerOf(key: string): Id | undefined {
    const userId = /:([1-9][0-9]*)$/.exec(key)?.[1];
    return userId !== undefined && this.key(userId) === key ? userId : undefined;
  }

  /** Whole feeds, as the masters have them; those that are not ready are left out. */
  @RedisPipeline()
  read(userIds: readonly Id[]): Promise<StoredFeed[]> {
    const replies = userIds.map((userId) =>
      this.redis.call<string[]>({ traffic: 'background' }, 'zrange', this.key(userId), 0, -1, 'WITHSCORES'),
    );
    return Promise.all(replies).then((all) => all.flatMap((reply, index) => storedFeed(userIds[index]!, reply) ?? []));
  }

  /** Puts feeds right, as far as each still is what was looked at. */
  @RedisPipeline()
  repair(works: readonly FeedWork[]): Promise<Repaired> {
    const replies = works.map(({ feed: { userId, token }, repair: { leaving, coming } }) => {
      const args = coming.flatMap((entry) => [entry.postId, encodeEntry(entry)]);
      return this.redis.script<[number, number]>(
        { traffic: 'background', replicated: true },
        REPAIR,
        [this.key(userId)],
        [token, this.config.feed.maxEntries, leaving.length, ...leaving, ...args],
      );
    });
    return Promise.all(replies).then((all) => ({
      surplus: all.reduce((sum, [went]) => sum + went, 0),
      missing: all.reduce((sum, [, came]) => sum + came, 0),
    }));
  }

  private key(userId: Id): string {
    return feedKey(userId, this.config.feed.buckets);
  }
}
