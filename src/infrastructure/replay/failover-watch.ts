import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Transactional } from '../database/transactional.decorator.js';
import { OutboxReplayRepository } from '../outbox/outbox-replay.repository.js';
import { RedisWatchRepository, type RedisWatchRow } from '../outbox/redis-watch.repository.js';
import { RedisMasters, type MastersSeen } from '../redis/redis-masters.js';
import { afterLook, hasFailedOver, type RedisWatch } from './failover.rules.js';
import { ReplayMetrics } from './replay.metrics.js';

/** How old the note of when all was well may become: what is replayed begins that much earlier. */
const NOTE_EVERY_MS = 5_000;
/** Jobs of one statement. More are seldom under way: the workers' and those that failed in the middle. */
const RESTARTED_AT_ONCE = 10_000;

/**
 * Notices when a master of Redis is not the one it was: a replica that took over, or the same one after a start. It may
 * lack what was written last. What is known of the masters lies in MySQL, so that it is also noticed by workers that were
 * down when it happened.
 */
@Injectable()
export class FailoverWatch {
  private readonly logger = new Logger(FailoverWatch.name);

  constructor(
    private readonly masters: RedisMasters,
    private readonly watch: RedisWatchRepository,
    private readonly jobs: OutboxReplayRepository,
    private readonly metrics: ReplayMetrics,
    private readonly clock: Clock,
  ) {}

  /** Looks once. Any number of workers may: the first one that notices asks for the replay. */
  async look(): Promise<void> {
    const atMs = this.clock.nowMs();
    const seen = await this.masters.look();
    const row = await this.known();
    const known = row && watchOf(row);
    if (known && !hasFailedOver(known, seen) && !(seen.complete && atMs - known.seenAtMs >= NOTE_EVERY_MS)) return;
    if (!(await this.note(seen, atMs))) return;
    this.metrics.failedOver();
    this.logger.warn('a master of Redis is not the one it was: the last jobs are replayed');
  }

  @Transactional({ readOnly: true, fresh: true })
  private known(): Promise<RedisWatchRow | undefined> {
    return this.watch.read();
  }

  /** @returns whether a replay was asked for */
  @Transactional()
  private async note(seen: MastersSeen, atMs: number): Promise<boolean> {
    const before = watchOf(await this.watch.lock(new Date(atMs)));
    const after = afterLook(before, seen, atMs);
    if (after === before) return false;
    await this.watch.save(rowOf(after));
    if (after.replay === before.replay) return false;
    await this.jobs.restartBegun(new Date(atMs), RESTARTED_AT_ONCE);
    return true;
  }
}

const watchOf = ({ masters, seenAt, replayFrom, replayUntil }: RedisWatchRow): RedisWatch => ({
  lives: masters,
  seenAtMs: seenAt.getTime(),
  replay: replayFrom && replayUntil ? { fromMs: replayFrom.getTime(), untilMs: replayUntil.getTime() } : undefined,
});

const rowOf = ({ lives, seenAtMs, replay }: RedisWatch): RedisWatchRow => ({
  masters: lives,
  seenAt: new Date(seenAtMs),
  replayFrom: replay ? new Date(replay.fromMs) : null,
  replayUntil: replay ? new Date(replay.untilMs) : null,
});
