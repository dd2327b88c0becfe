import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import type { RedisTraffic } from '../../infrastructure/redis/redis-clients.js';
import { UNREACHED, type Reached } from '../../infrastructure/redis/reached.js';
import { keyCommand } from '../../infrastructure/redis/redis-command.js';
import { RedisCommands } from '../../infrastructure/redis/redis-commands.js';
import type { RedisOptions } from '../../infrastructure/redis/redis-options.js';
import { RedisPipeline } from '../../infrastructure/redis/redis-pipeline.decorator.js';
import { policyByArgument, REQUEST_POLICY } from '../../infrastructure/resilience/policies.js';
import { Resilient } from '../../infrastructure/resilience/resilient.decorator.js';
import { decodePost, DELETED, encodePost, MISSING, type CachedPost } from './cached-post.js';
import { BEGIN_REBUILD, FILL, WRITE } from './posts.scripts.js';
import type { StoredPost } from './posts.repository.js';

/** How long others wait for the one who rebuilds a post before one of them takes over; a query takes milliseconds. */
const LEASE_MS = 1_000;
/** Added to the longest lag of a replica: whoever read an old state there is done by then. */
const DELETED_MS = 60_000;
/** Posts that are cached together should not expire together. */
const JITTER = 0.1;

/** Who rebuilds a post: this reader, or somebody else. */
export type Rebuild = 'mine' | 'theirs';

/** Redis side of posts; see `docs/redis-keys.md`. All keys of a post lie in one slot. */
@Injectable()
export class PostsStore {
  constructor(
    private readonly redis: RedisCommands,
    private readonly config: AppConfig,
  ) {}

  /**
   * What is cached of posts, in the order of `ids`; a node that can't be reached only hides its own.
   *
   * @param fresh from the masters; otherwise from replicas, which lag a little
   */
  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  read(ids: readonly Id[], fresh: boolean): Promise<(Reached<CachedPost> | undefined)[]> {
    const options: RedisOptions = { traffic: 'request', read: fresh ? 'master' : 'replica' };
    const commands = ids.map((id) => keyCommand('get', bodyKey(id)));
    return this.redis
      .sendAll<string | null>(commands, options)
      .then((all) => all.map((body) => (body === null ? undefined : body === UNREACHED ? body : decodePost(body))));
  }

  /** Asks to rebuild posts that are not cached. @returns what has been cached by now, or who rebuilds it */
  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  beginRebuild(ids: readonly Id[], token: string): Promise<(CachedPost | Rebuild)[]> {
    const replies = ids.map((id) =>
      this.redis.script<string | number>({ traffic: 'request' }, BEGIN_REBUILD, keysOf(id), [token, LEASE_MS]),
    );
    return Promise.all(replies).then((all) =>
      all.map((reply) => (typeof reply === 'string' ? decodePost(reply)! : reply === 1 ? 'mine' : 'theirs')),
    );
  }

  /**
   * Caches what a rebuild found, where nobody has written meanwhile.
   *
   * @param missing of these there is no row, as the primary knows it, or while it is away the replica that knows most
   */
  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  fill(posts: readonly StoredPost[], missing: readonly Id[], token: string): Promise<void> {
    const { cacheTtlMs, missingTtlMs } = this.config.posts;
    const fill = (id: Id, body: string, ttlMs: number): Promise<unknown> =>
      this.redis.script({ traffic: 'request' }, FILL, keysOf(id), [token, body, withJitter(ttlMs)]);
    return whenAll([
      ...posts.map((post) => fill(post.id, encodePost(post), cacheTtlMs)),
      ...missing.map((id) => fill(id, MISSING, missingTtlMs)),
    ]);
  }

  /** Caches a post as it was committed, unless a newer version is cached. */
  @Resilient(policyByArgument(1))
  async write(post: StoredPost, traffic: RedisTraffic): Promise<void> {
    const args = [post.version, encodePost(post), withJitter(this.config.posts.cacheTtlMs)];
    await this.redis.script({ traffic, replicated: traffic === 'background' }, WRITE, keysOf(post.id), args);
  }

  /** Forgets posts, and remembers that they are deleted until nobody can know better from an old state. */
  @Resilient(policyByArgument(1))
  @RedisPipeline()
  bury(ids: readonly Id[], traffic: RedisTraffic): Promise<void> {
    const options: RedisOptions = { traffic, replicated: traffic === 'background' };
    const ttlMs = DELETED_MS + this.config.mysql.replicaMaxLagMs;
    // The lease need not be taken away: a deleted body is never overwritten, and filling needs an empty place.
    return whenAll(ids.map((id) => this.redis.call(options, 'set', bodyKey(id), DELETED, 'PX', ttlMs)));
  }
}

const bodyKey = (id: Id): string => `post:{${id}}:body`;
const leaseKey = (id: Id): string => `post:{${id}}:lease`;
const keysOf = (id: Id): string[] => [bodyKey(id), leaseKey(id)];

const withJitter = (ttlMs: number): number =>
  randomInt(Math.ceil(ttlMs * (1 - JITTER)), Math.ceil(ttlMs * (1 + JITTER)) + 1);

async function whenAll(replies: Promise<unknown>[]): Promise<void> {
  await Promise.all(replies);
}
