import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { loadLuaScript, type LuaScript } from '../../infrastructure/redis/lua-script.js';
import { UNREACHED, type Reached } from '../../infrastructure/redis/reached.js';
import { keyCommand, scriptCommand } from '../../infrastructure/redis/redis-command.js';
import { RedisCommands } from '../../infrastructure/redis/redis-commands.js';
import type { RedisOptions } from '../../infrastructure/redis/redis-options.js';
import { RedisPipeline } from '../../infrastructure/redis/redis-pipeline.decorator.js';
import { REQUEST_POLICY } from '../../infrastructure/resilience/policies.js';
import { Resilient } from '../../infrastructure/resilience/resilient.decorator.js';
import type { CountChange, PostCounts } from './post-counts.rules.js';

const script = (name: string): LuaScript => loadLuaScript(new URL(`./scripts/${name}.lua`, import.meta.url));
const INCREMENT = script('increment-1');
const FILL = script('fill-1');
const CORRECT = script('correct-1');

/** Counts that are kept together should not expire together. */
const JITTER = 0.1;

/** Somebody waits, or a job that comes again soon: nobody is patient here. */
const REQUEST: RedisOptions = { traffic: 'request' };

/** A node that has answered just now has time enough to ask for a replica. */
const CORRECTING: RedisOptions = { traffic: 'background', replicated: true };

/** A correction of counts: what was seen, and what is right. */
export interface Correction {
  postId: Id;
  seen: PostCounts;
  right: PostCounts;
}

/** Redis side of the counts of posts; see `docs/redis-keys.md`. A copy of what MySQL holds, never more. */
@Injectable()
export class PostCountsStore {
  constructor(
    private readonly redis: RedisCommands,
    private readonly config: AppConfig,
  ) {}

  /** Counts in the order of `ids`, nothing for those that are not kept; a node out of reach hides its own. @param read from replicas, which lag a little, or not */
  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  read(ids: readonly Id[], read: 'master' | 'replica'): Promise<(Reached<PostCounts> | undefined)[]> {
    const options: RedisOptions = { ...REQUEST, read };
    const commands = ids.map((id) => keyCommand('hmget', keyOf(id), 'likes', 'comments'));
    return this.redis
      .sendAll<[string | null, string | null]>(commands, options)
      .then((all) => all.map((fields) => (fields === UNREACHED ? fields : toCounts(fields))));
  }

  /** Changes counts that are kept; never repeated by itself. Those that it may change late are forgotten. @returns the new counts, nothing for those that are not kept */
  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  increment(changes: readonly CountChange[]): Promise<(PostCounts | undefined)[]> {
    const replies = changes.map(({ postId, likes, comments }) => {
      const key = keyOf(postId);
      const command = scriptCommand(INCREMENT, [key], [likes, comments]);
      return this.redis.send<[number, number] | null>(
        { ...command, once: true, ifLate: keyCommand('del', key) },
        REQUEST,
      );
    });
    return Promise.all(replies).then((all) =>
      all.map((reply) => (reply === null ? undefined : { likes: reply[0], comments: reply[1] })),
    );
  }

  /** Keeps counts as MySQL has them, where none are kept. */
  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  fill(counts: ReadonlyMap<Id, PostCounts>): Promise<void> {
    return whenAll(
      [...counts].map(([id, { likes, comments }]) => {
        return this.redis.script(REQUEST, FILL, [keyOf(id)], [likes, comments, this.timeToLiveMs()]);
      }),
    );
  }

  /** Corrects counts. @returns for each whether it was done; not, when they have changed since they were seen */
  @Resilient(REQUEST_POLICY)
  @RedisPipeline()
  correct(corrections: readonly Correction[]): Promise<boolean[]> {
    const replies = corrections.map(({ postId, seen, right }) => {
      const args = [seen.likes, seen.comments, right.likes, right.comments];
      return this.redis.script<number>(CORRECTING, CORRECT, [keyOf(postId)], args);
    });
    return Promise.all(replies).then((all) => all.map((reply) => reply === 1));
  }

  /** Forgets the counts of a post that is gone. */
  @Resilient(REQUEST_POLICY)
  async forget(postId: Id): Promise<void> {
    await this.redis.call(REQUEST, 'del', keyOf(postId));
  }

  private timeToLiveMs(): number {
    const { cacheTtlMs } = this.config.posts;
    return randomInt(Math.ceil(cacheTtlMs * (1 - JITTER)), Math.ceil(cacheTtlMs * (1 + JITTER)) + 1);
  }
}

/** All keys of a post lie in one slot. */
const keyOf = (postId: Id): string => `post:{${postId}}:counts`;

/** What somebody has tampered with counts for nothing: MySQL knows better. */
function toCounts(fields: [string | null, string | null]): PostCounts | undefined {
  const [likes, comments] = fields.map((field) => Number(field ?? 'none'));
  return Number.isSafeInteger(likes) && Number.isSafeInteger(comments)
    ? { likes: likes!, comments: comments! }
    : undefined;
}

async function whenAll(replies: Promise<unknown>[]): Promise<void> {
  await Promise.all(replies);
}
