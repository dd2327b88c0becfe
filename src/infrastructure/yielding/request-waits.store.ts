import { Injectable } from '@nestjs/common';
import { loadLuaScript } from '../redis/lua-script.js';
import { RedisCommands } from '../redis/redis-commands.js';
import type { RedisOptions } from '../redis/redis-options.js';

const TELL = loadLuaScript(new URL('./scripts/tell-wait-1.lua', import.meta.url));
const SLOWEST = loadLuaScript(new URL('./scripts/slowest-wait-1.lua', import.meta.url));
/** One for the whole deployment. */
const KEYS = ['request-waits'];
/** An instance that says nothing for so long has no requests, or is gone. */
const HOLDS_MS = 1_500;
const OPTIONS: RedisOptions = { traffic: 'background' };

/** What instances of the API tell workers of their waits for Redis. */
@Injectable()
export class RequestWaitsStore {
  constructor(private readonly redis: RedisCommands) {}

  /** @throws RedisUnavailableError */
  async tell(instance: string, waitMs: number): Promise<void> {
    await this.redis.script(OPTIONS, TELL, KEYS, [instance, waitMs.toFixed(3), HOLDS_MS]);
  }

  /** The longest that an instance has told, in ms; `undefined` when none has requests. @throws RedisUnavailableError */
  async slowest(): Promise<number | undefined> {
    const wait = await this.redis.script<string | null>(OPTIONS, SLOWEST, KEYS, [HOLDS_MS]);
    return wait === null ? undefined : Number(wait);
  }
}
