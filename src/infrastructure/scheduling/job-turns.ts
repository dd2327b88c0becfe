import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { loadLuaScript } from '../redis/lua-script.js';
import { RedisCommands } from '../redis/redis-commands.js';
import type { RedisOptions } from '../redis/redis-options.js';

const TAKE_TURN = loadLuaScript(new URL('./take-turn-2.lua', import.meta.url));
/** What a job leaves behind is of no use to anybody after this. */
const STATE_TTL_MS = 24 * 3_600_000;
const BACKGROUND: RedisOptions = { traffic: 'background' };

/**
 * Lets one process at a time do a job that any of them could do. For work that several may do without harm but should
 * not, to save effort: a turn is no lock, because a process that was frozen may believe it still has it.
 */
@Injectable()
export class JobTurns {
  private readonly token = randomBytes(8).toString('hex');

  constructor(private readonly redis: RedisCommands) {}

  /**
   * Takes the turn, or keeps it.
   *
   * @param lastsMs without another call the turn is free again after this
   * @returns what was {@link leave left behind} last, empty at first; `undefined` when it is another process's turn
   */
  async take(job: string, lastsMs: number): Promise<string | undefined> {
    const state = await this.redis.script<string | null>(BACKGROUND, TAKE_TURN, keysOf(job), [this.token, lastsMs]);
    return state ?? undefined;
  }

  /** Leaves something behind for the next turn, whoever has it. */
  async leave(job: string, state: string): Promise<void> {
    await this.redis.call(BACKGROUND, 'set', keysOf(job)[1]!, state, 'PX', STATE_TTL_MS);
  }
}

const keysOf = (job: string): string[] => [`job:{${job}}:turn`, `job:{${job}}:state`];
