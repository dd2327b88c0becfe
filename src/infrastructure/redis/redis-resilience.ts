import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { handleWhen, IterableBackoff, retry } from 'cockatiel';
import { JITTER, type ResiliencePolicy } from '../resilience/policies.js';
import { RedisMetrics } from './redis.metrics.js';
import { isReplyError, ProcessEndsError, RedisUnavailableError } from './redis-unavailable.error.js';

/** How long one try may take, as the executor bounds it. */
const LONGEST_TRY_MS = 10_000;
/** The same once the process ends, where requests, jobs and marks of readings still come to theirs: a node that is well answers within milliseconds. */
const LAST_TRY_MS = 2_000;

/** One call of a `@Resilient()` method, all its tries included. */
interface ResilientCall {
  repeatable: boolean;
}

/** Carries out what `@Resilient()` promises, but for the breakers, which know nodes instead of methods. */
@Injectable()
export class RedisResilience implements OnModuleDestroy {
  private readonly logger = new Logger(RedisResilience.name);
  private readonly calls = new AsyncLocalStorage<ResilientCall>();
  private stopping = false;
  /** What the end of the process means for each call that is under way. */
  private readonly endings = new Set<() => void>();

  constructor(private readonly metrics: RedisMetrics) {}

  /** Jobs that wait for their next try are given back at once; what is being tried, or comes now for the first time, has a moment. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const end of this.endings) end();
  }

  /** The call that runs has sent a command that must not run twice. */
  forbidRepeat(): void {
    const call = this.calls.getStore();
    if (call) call.repeatable = false;
  }

  /**
   * Runs a method as often as its policy says.
   *
   * @param name of the method, for messages and metrics
   * @throws RedisUnavailableError when no try had an answer; everything else that the method throws at once
   */
  async run<T>(name: string, policy: ResiliencePolicy, method: () => Promise<T>): Promise<T> {
    try {
      return await this.calls.run({ repeatable: true }, () => this.tries(name, policy, method));
    } catch (error) {
      if (error instanceof RedisUnavailableError) this.metrics.unavailable(name);
      throw error;
    }
  }

  private async tries<T>(name: string, policy: ResiliencePolicy, method: () => Promise<T>): Promise<T> {
    const { retryDelaysMs, longestMs } = policy;
    if (retryDelaysMs.length === 0) return method();
    const endMs = performance.now() + longestMs;
    const delays = retryDelaysMs.map((ms) => ms * (1 + JITTER * (2 * Math.random() - 1)));
    let made = 0;
    const mayRepeat = (error: unknown): boolean => {
      const delayMs = delays[made++] ?? Infinity;
      return (
        isOfConnection(error) &&
        this.calls.getStore()?.repeatable === true &&
        !this.stopping &&
        performance.now() + delayMs + LONGEST_TRY_MS <= endMs
      );
    };
    const attempts = retry(handleWhen(mayRepeat), {
      maxAttempts: delays.length,
      backoff: new IterableBackoff(delays),
    }).dangerouslyUnref();
    let isWaiting = false;
    attempts.onRetry(({ attempt, delay }) => {
      isWaiting = true;
      this.metrics.retried(name);
      this.logger.debug({ method: name, attempt, delayMs: Math.round(delay) }, 'Redis is asked again after a while');
    });
    let giveUp!: () => void;
    const givenUp = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(new ProcessEndsError('no further try: the process ends'));
    });
    const end = (): void => (isWaiting ? giveUp() : void setTimeout(giveUp, LAST_TRY_MS).unref());
    this.endings.add(end);
    if (this.stopping) end();
    try {
      const done = attempts.execute(() => {
        if (isWaiting && this.stopping) return givenUp;
        isWaiting = false;
        return method();
      });
      return await Promise.race([done, givenUp]);
    } finally {
      this.endings.delete(end);
    }
  }
}

/** Nothing is gained by repeating what a node refuses, such as a write for which it has no memory. */
const isOfConnection = (error: unknown): boolean =>
  error instanceof RedisUnavailableError && !isReplyError(error.cause);
