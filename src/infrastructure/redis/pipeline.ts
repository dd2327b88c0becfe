import type { Outcome } from './outcomes.js';
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

interface Queued {
  command: RedisCommand;
  options: RedisOptions;
  reply: QueuedReply<unknown>;
  settle: (outcome: Outcome) => void;
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
    if (this.sent) {
      throw new RedisPipelineError(
        `${this.name} calls ${command.name} after its pipeline was sent: call every command before you await one`,
      );
    }
    let settle!: (outcome: Outcome) => void;
    const reply = new QueuedReply<T>((resolve, reject) => {
      settle = (outcome) => (outcome.error ? reject(outcome.error) : resolve(outcome.reply as T));
    });
    this.queue.push({ command, options, reply, settle });
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
          group.map(({ command }) => command),
          group[0]!.options,
        );
        return group.map((queued, index) => settled(queued, outcomes[index]!)).find((error) => error !== undefined);
      }),
    );
    return errors.find((error) => error !== undefined);
  }
}

/** @returns the error of a command if nobody looks at its reply */
function settled({ reply, settle }: Queued, outcome: Outcome): Error | undefined {
  settle(outcome);
  if (reply.observed || !outcome.error) return undefined;
  reply.catch(() => undefined); // it is reported by the pipeline
  return outcome.error;
}
