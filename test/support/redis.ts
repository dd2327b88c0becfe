import { decodeEntry, encodeEntry, type FeedEntry } from '../../src/modules/feeds/feed-entry.js';
import { feedKey } from '../../src/modules/feeds/feed-keys.js';
import { MetricFactory } from '../../src/infrastructure/metrics/metric-factory.js';
import { RedisBreakers } from '../../src/infrastructure/redis/redis-breakers.js';
import { RedisClients } from '../../src/infrastructure/redis/redis-clients.js';
import type { RedisCommand } from '../../src/infrastructure/redis/redis-command.js';
import { RedisExecutor } from '../../src/infrastructure/redis/redis-executor.js';
import { RedisMetrics } from '../../src/infrastructure/redis/redis.metrics.js';
import { RequestBudgets } from '../../src/infrastructure/redis/request-budgets.js';
import type { AppConfig } from '../../src/config/app-config.js';
import type { Id } from '../../src/common/id.js';

/** Looks at feeds where they lie, on the masters, as an operator with `redis-cli` would. */
export class TestRedis {
  readonly clients: RedisClients;
  readonly executor: RedisExecutor;
  private readonly breakers: RedisBreakers;

  constructor(private readonly config: AppConfig) {
    this.clients = new RedisClients(config);
    this.breakers = new RedisBreakers(this.clients, new RedisMetrics(new MetricFactory()));
    this.executor = new RedisExecutor(this.clients, this.breakers, new RequestBudgets(config));
  }

  feedKey(userId: Id): string {
    return feedKey(userId, this.config.feed.buckets);
  }

  /** One command on the node that owns its key. */
  async command<T>(name: string, key: string, ...args: (string | number)[]): Promise<T> {
    const [reply] = await this.commands<T>([{ name, key, args: [key, ...args] }]);
    return reply as T;
  }

  commands<T>(commands: RedisCommand[]): Promise<T[]> {
    return this.executor.execute<T>(commands, { traffic: 'background' });
  }

  /** Every member of a feed, lowest score first: the sentinel, then the entries. Empty when there is no feed. */
  members(userId: Id): Promise<string[]> {
    return this.command('zrange', this.feedKey(userId), 0, -1);
  }

  async sentinel(userId: Id): Promise<string | undefined> {
    const [first] = await this.members(userId);
    return first;
  }

  /** The entries of a feed, newest first. */
  async entries(userId: Id): Promise<FeedEntry[]> {
    return (await this.members(userId)).slice(1).map(decodeEntry).reverse();
  }

  async exists(userId: Id): Promise<boolean> {
    return (await this.command<number>('exists', this.feedKey(userId))) === 1;
  }

  /** How many entries each of many feeds holds for a post: 1, if all is well. */
  async copiesOf(postId: Id, userIds: readonly Id[]): Promise<Map<Id, number>> {
    const counts = await this.commands<number>(
      userIds.map((userId) => {
        const key = this.feedKey(userId);
        return { name: 'zcount', key, args: [key, postId, postId] };
      }),
    );
    return new Map(userIds.map((userId, index) => [userId, counts[index]!]));
  }

  /** Changes an entry that is there, as if time had passed or the reader had seen it. */
  async replaceEntry(userId: Id, entry: FeedEntry): Promise<void> {
    const removed = await this.command<number>('zremrangebyscore', this.feedKey(userId), entry.postId, entry.postId);
    if (removed !== 1) throw new Error(`the feed of ${userId} had ${removed} entries of post ${entry.postId}`);
    await this.command('zadd', this.feedKey(userId), entry.postId, encodeEntry(entry));
  }

  /** Makes a feed look as if its owner had read it last at a moment. */
  async setLastRead(userId: Id, atMs: number): Promise<void> {
    const key = this.feedKey(userId);
    const sentinel = await this.sentinel(userId);
    if (sentinel === undefined) throw new Error(`${userId} has no feed`);
    const [zero, state, token, , ...rest] = sentinel.split(':');
    await this.command('zadd', key, 0, [zero, state, token, Math.floor(atMs / 1_000), ...rest].join(':'));
    await this.command('zrem', key, sentinel);
  }

  async deleteFeeds(...userIds: Id[]): Promise<void> {
    await this.commands(
      userIds.map((userId) => ({ name: 'del', key: this.feedKey(userId), args: [this.feedKey(userId)] })),
    );
  }

  close(): Promise<void> {
    this.breakers.onApplicationShutdown();
    return this.clients.onApplicationShutdown();
  }
}
