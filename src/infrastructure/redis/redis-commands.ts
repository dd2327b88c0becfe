import { Injectable } from '@nestjs/common';
import type { LuaScript } from './lua-script.js';
import { PipelineContext } from './pipeline-context.js';
import { reached, type Reached } from './reached.js';
import { keyCommand, scriptCommand, type RedisCommand } from './redis-command.js';
import { RedisExecutor } from './redis-executor.js';
import { RedisResilience } from './redis-resilience.js';
import type { RedisOptions } from './redis-options.js';

/**
 * The commands that stores call. In a `@RedisPipeline()` method they are queued, elsewhere they are sent at once.
 *
 * Every call may throw `RedisUnavailableError`, and what Redis itself answers as an error.
 */
@Injectable()
export class RedisCommands {
  constructor(
    private readonly executor: RedisExecutor,
    private readonly pipelines: PipelineContext,
    private readonly resilience: RedisResilience,
  ) {}

  /** A command whose key is its first argument. */
  call<T>(options: RedisOptions, name: string, key: string, ...args: (string | number)[]): Promise<T> {
    return this.send(keyCommand(name, key, ...args), options);
  }

  /** @param keys at least one, all in one slot */
  script<T>(options: RedisOptions, script: LuaScript, keys: string[], args: (string | number)[]): Promise<T> {
    return this.send(scriptCommand(script, keys, args), options);
  }

  /** @throws RedisPipelineError at once, when the pipeline of the method that runs has been sent */
  send<T>(command: RedisCommand, options: RedisOptions): Promise<T> {
    if (command.once) this.resilience.forbidRepeat();
    const pipeline = this.pipelines.current;
    return pipeline ? pipeline.add<T>(command, options) : this.sendAlone<T>(command, options);
  }

  /**
   * Many commands of one kind.
   *
   * @returns replies in the order of the commands; a node that can't be reached only hides its own
   * @throws RedisUnavailableError when no node gave a reply, and the first refusal that there is
   */
  sendAll<T>(commands: readonly RedisCommand[], options: RedisOptions): Promise<Reached<T>[]> {
    if (commands.some(({ once }) => once)) this.resilience.forbidRepeat();
    const pipeline = this.pipelines.current;
    if (pipeline) return pipeline.addAll<T>(commands, options);
    return this.executor.outcomes(commands, options).then((outcomes) => reached<T>(outcomes));
  }

  private async sendAlone<T>(command: RedisCommand, options: RedisOptions): Promise<T> {
    const [reply] = await this.executor.execute<T>([command], options);
    return reply as T;
  }
}
