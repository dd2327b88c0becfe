import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';
import { PostsReader } from '../posts/posts.reader.js';
import { FeedStore, type Reading } from './feed.store.js';

/** Readings are collected this long and recorded together: far less than the second after which an entry counts as viewed. */
const COLLECT_MS = 50;
/** Readings that may wait or be under way. Beyond it they are dropped, which costs their readers a "new" mark, never a post. */
const MAX_WAITING = 10_000;

/** Records what readers were shown, after their answers are out and off the path of requests. */
@Injectable()
export class ReadingRecorder implements OnApplicationShutdown {
  private readonly logger = new Logger(ReadingRecorder.name);
  private waiting: Reading[] = [];
  private timer?: NodeJS.Timeout;
  /** Each by itself: one that waits for a node that is away must not hold up the readings of other nodes. */
  private readonly flushing = new Set<Promise<void>>();
  private underWay = 0;

  constructor(
    private readonly store: FeedStore,
    private readonly posts: PostsReader,
  ) {}

  record(reading: Reading): void {
    if (this.waiting.length + this.underWay >= MAX_WAITING) return;
    this.waiting.push(reading);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const flush = this.flush().finally(() => this.flushing.delete(flush));
      this.flushing.add(flush);
    }, COLLECT_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await Promise.all([...this.flushing, this.flush()]);
  }

  private async flush(): Promise<void> {
    const readings = this.waiting;
    this.waiting = [];
    // By itself what has to ask the primary first: nobody's mark is to wait for that.
    const met = readings.filter(({ gone }) => gone.length > 0);
    await Promise.all([
      this.attempt(readings, () => this.store.recordReadings(readings)),
      this.attempt(met, () => this.removeGone(met)),
    ]);
  }

  private async attempt(readings: readonly Reading[], write: () => Promise<void>): Promise<void> {
    if (readings.length === 0) return;
    this.underWay += readings.length;
    try {
      await write();
    } catch (error) {
      const details = { err: error, readings: readings.length };
      // Of an outage the breakers tell, once.
      if (error instanceof RedisUnavailableError) this.logger.debug(details, 'readings could not be recorded');
      else this.logger.error(details, 'readings could not be recorded');
    } finally {
      this.underWay -= readings.length;
    }
  }

  /** Not those that are there after all: what answered may have been a replica that stood in for the primary. */
  private async removeGone(readings: readonly Reading[]): Promise<void> {
    const live = await this.liveAmong(readings.flatMap(({ gone }) => gone));
    await this.store.removeGone(
      readings.map(({ userId, gone }) => ({ userId, gone: gone.filter((id) => !live.has(id)) })),
    );
  }

  private async liveAmong(ids: readonly Id[]): Promise<Set<Id>> {
    try {
      return await this.posts.liveAmongNow(ids);
    } catch (error) {
      this.logger.debug({ err: error }, 'posts that seem to be gone stay in feeds');
      return new Set(ids);
    }
  }
}
