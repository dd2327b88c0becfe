import type { Outcome } from './outcomes.js';
import { reached, type Reached } from './reached.js';
import type { RedisCommand } from './redis-command.js';
import type { RedisExecutor } from './redis-executor.js';
import { optionsKey, type RedisOptions } from './redis-options.js';

/** A mistake in the use of pipelines; never the client's fault. */
export class RedisPipelineError extends Error {
  override name = 'RedisPipelineError';
}

/** The reply to a queued command. It knows whether anybody looks at it, so that no error of a command goes unseen. */
class QueuedReply<T> extends Promise<T> {
  observed = false;

  /** What is made of it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise, whose own `then` also takes a note
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true;
    return super.then(fulfilled, rejected);
  }
}

/** Commands that were called together, and what becomes of their replies. */
interface Queued {
  commands: readonly RedisCommand[];
  options: RedisOptions;
  reply: QueuedReply<unknown>;
  /** @throws what the caller is to be told */
  resolve: (outcomes: readonly Outcome[]) => void;
  reject: (error: Error) => void;
}

/** Commands that one method calls: queued while it runs, sent when it has returned. */
export class Pipeline {
  private readonly queue: Queued[] = [];
  private sent = false;

  /** @param name of the method, for messages */
  constructor(private readonly name: string) {}

  get isOpen(): boolean {
    return !this.sent;
  }

  /** @throws RedisPipelineError when the pipeline has been sent */
  add<T>(command: RedisCommand, options: RedisOptions): Promise<T> {
    return this.queued([command], options, ([outcome]) => replyOf<T>(outcome!));
  }

  /**
   * Many commands with one promise, which costs less than one each; see {@link reached}.
   *
   * @throws RedisPipelineError when the pipeline has been sent
   */
  addAll<T>(commands: readonly RedisCommand[], options: RedisOptions): Promise<Reached<T>[]> {
    return this.queued(commands, options, (outcomes) => reached<T>(outcomes));
  }

  private queued<T>(
    commands: readonly RedisCommand[],
    options: RedisOptions,
    resultOf: (outcomes: readonly Outcome[]) => T,
  ): Promise<T> {
    if (this.sent) {
      throw new RedisPipelineError(
        `${this.name} calls ${commands[0]?.name} after its pipeline was sent: call every command before you await one`,
      );
    }
    let resolve!: (outcomes: readonly Outcome[]) => void;
    let reject!: (error: Error) => void;
    const reply = new QueuedReply<T>((onResult, onError) => {
      resolve = (outcomes) => onResult(resultOf(outcomes));
      reject = onError;
    });
    this.queue.push({ commands, options, reply, resolve, reject });
    return reply;
  }

  /**
   * Sends what was queued: one pipeline a node for commands of the same options.
   *
   * @returns the first error of a command whose reply nobody looks at
   */
  async send(executor: RedisExecutor): Promise<Error | undefined> {
    this.sent = true;
    const groups = Map.groupBy(this.queue, ({ options }) => optionsKey(options));
    const errors = await Promise.all(
      [...groups.values()].map(async (group) => {
        const outcomes = await executor.outcomes(
          group.flatMap(({ commands }) => commands),
          group[0]!.options,
        );
        let place = 0;
        return group
          .map((queued) => settled(queued, outcomes.slice(place, (place += queued.commands.length))))
          .find((error) => error !== undefined);
      }),
    );
    return errors.find((error) => error !== undefined);
  }
}

/** @throws the outcome's error */
function replyOf<T>(outcome: Outcome): T {
  if (outcome.error) throw outcome.error;
  return outcome.reply as T;
}

/** @returns the error of commands if nobody looks at their replies */
function settled({ reply, resolve, reject }: Queued, outcomes: readonly Outcome[]): Error | undefined {
  try {
    resolve(outcomes);
    return undefined;
  } catch (error) {
    reject(error as Error);
    if (reply.observed) return undefined;
    reply.catch(() => undefined); // it is reported by the pipeline
    return error as Error;
  }
}
