import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { PostsReader } from '../posts/posts.reader.js';
import { FeedStore, type Reading } from './feed.store.js';

/** Readings are collected this long and recorded together: far less than the second after which an entry counts as viewed. */
const COLLECT_MS = 50;
/** Readings that may wait. Beyond it they are dropped, which costs their readers a "new" mark, never a post. */
const MAX_WAITING = 10_000;

/** Records what readers were shown, after their answers are out and off the path of requests. */
@Injectable()
export class ReadingRecorder implements OnApplicationShutdown {
  private readonly logger = new Logger(ReadingRecorder.name);
  private waiting: Reading[] = [];
  private timer?: NodeJS.Timeout;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: FeedStore,
    private readonly posts: PostsReader,
  ) {}

  record(reading: Reading): void {
    if (this.waiting.length >= MAX_WAITING) return;
    this.waiting.push(reading);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.flushing = this.flushing.then(() => this.flush());
    }, COLLECT_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.flushing;
    await this.flush();
  }

  private async flush(): Promise<void> {
    const readings = this.waiting;
    this.waiting = [];
    if (readings.length === 0) return;
    try {
      await this.store.recordReadings(await this.confirmed(readings));
    } catch (error) {
      this.logger.warn({ err: error, readings: readings.length }, 'readings could not be recorded');
    }
  }

  /** Without posts that are there after all: what answered may have been a replica that stood in for the primary. */
  private async confirmed(readings: Reading[]): Promise<Reading[]> {
    const ids = readings.flatMap(({ gone }) => gone);
    if (ids.length === 0) return readings;
    const live = await this.liveAmong(ids);
    return readings.map((reading) => ({ ...reading, gone: reading.gone.filter((id) => !live.has(id)) }));
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
