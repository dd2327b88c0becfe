import { randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { requestContext } from '../context/request-context.js';
import { loadLuaScript } from '../redis/lua-script.js';
import { RedisClients } from '../redis/redis-clients.js';
import { RedisCommands } from '../redis/redis-commands.js';
import type { RedisOptions } from '../redis/redis-options.js';
import { DatabaseNodes } from './database-nodes.js';
import { lastGtids } from './gtid-sets.js';

/** How much longer than a replica may lag and yet serve reads a write is remembered. */
const SPARE_SECONDS = 60;
/** Users whose last write this process remembers by itself; the oldest is forgotten first. */
const MAX_REMEMBERED = 100_000;

interface Remembered {
  gtid: string;
  untilMs: number;
}

/** How often tokens that Redis did not take are offered again. */
const SHARE_AGAIN_MS = 500;
/** How long after Redis failed last, or came back, another instance may still hold tokens that it has not shared. */
const DOUBT_MS = 5_000;

const NOTE_WRITE = loadLuaScript(new URL('./scripts/note-write-1.lua', import.meta.url));
const MARK_READER = loadLuaScript(new URL('./scripts/mark-reader-1.lua', import.meta.url));
/** Field of the mark among those of the instances, and how the mark begins, which no GTID does. */
const MARK = '#';
const REQUEST: RedisOptions = { traffic: 'request' };
/** For what is tried again: the request that it began in has used up the time it may wait for Redis. */
const BACKGROUND: RedisOptions = { traffic: 'background' };

/**
 * Remembers for each user where in MySQL's history their last write is (the commit's GTID), so that their next reads
 * wait for it on a replica or go to the primary, on whichever instance. Everybody else's reads are not concerned.
 *
 * The token is in Redis before the answer to the write goes out, one of each instance, so that none replaces a newer one
 * of another. While Redis is down nobody knows who has written on another instance, so reads ask for all that the
 * primary has executed by then; tokens are shared when Redis is back.
 */
@Injectable()
export class OwnWrites implements OnApplicationShutdown {
  private readonly logger = new Logger(OwnWrites.name);
  private readonly remembered = new Map<Id, Remembered>();
  private readonly unshared = new Map<Id, Remembered>();
  private readonly instance = randomBytes(6).toString('base64url');
  private readonly keepSeconds: number;
  private doubtUntilMs = 0;
  private doubts = 0;
  private sharing?: NodeJS.Timeout;

  constructor(
    private readonly redis: RedisCommands,
    private readonly nodes: DatabaseNodes,
    private readonly clock: Clock,
    clients: RedisClients,
    config: AppConfig,
  ) {
    this.keepSeconds = Math.ceil(config.mysql.replicaMaxLagMs / 1_000) + SPARE_SECONDS;
    this.watch(clients.for('request'));
  }

  onApplicationShutdown(): void {
    clearTimeout(this.sharing);
  }

  /** Notes a commit of the user whose request this is; background work has no user. */
  async note(gtid: string): Promise<void> {
    const context = requestContext.getStore();
    if (context?.userId === undefined) return;
    const { userId } = context;
    // Of two commits at once the answer to the later one may come first.
    const before = this.remembered.get(userId);
    const entry = {
      gtid: lastGtids(...(before ? [before.gtid] : []), gtid),
      untilMs: this.clock.nowMs() + this.keepSeconds * 1_000,
    };
    context.lastWrite = Promise.resolve(entry.gtid);
    remember(this.remembered, userId, entry);
    try {
      await this.share(userId, entry.gtid);
      this.unshared.delete(userId);
    } catch (error) {
      this.doubt(error);
      remember(this.unshared, userId, entry);
      this.shareLater();
    }
  }

  /**
   * Notes that a write of the user whose request this is changed nothing. What it found there may be by a try of theirs whose answer
   * was lost, and which nobody noted.
   */
  async noteUnchanged(): Promise<void> {
    if (requestContext.getStore()?.userId === undefined) return;
    const executed = await this.everything();
    if (executed !== undefined) await this.note(executed);
  }

  /** GTIDs that a node must have executed for the user of this request to see their own writes. */
  required(): Promise<string | undefined> {
    const context = requestContext.getStore();
    if (context?.userId === undefined) return Promise.resolve(undefined);
    context.lastWrite ??= this.lookUp(context.userId);
    return context.lastWrite;
  }

  /** Whether the user of this request has written lately, so that nothing that lags may answer them. */
  async hasWritten(): Promise<boolean> {
    return (await this.required()) !== undefined;
  }

  /**
   * A text that changes with every write of a user, and whenever notes of their writes are lost with the mark beside them.
   *
   * @returns nothing unless this is the user's own request; nor while there is no mark, Redis may have missed a note, or what is
   *   read may be older than what was written
   */
  async versionOf(userId: Id): Promise<string | undefined> {
    if (requestContext.getStore()?.userId !== userId) return undefined;
    const gtids = await this.required();
    if (this.inDoubt || !this.nodes.primaryUp) return undefined;
    const mark = requestContext.getStore()?.notesMark;
    if (mark !== undefined) return `${this.doubts} ${mark} ${gtids ?? ''}`;
    void this.mark(userId);
    return undefined;
  }

  private get inDoubt(): boolean {
    return this.clock.nowMs() < this.doubtUntilMs;
  }

  private async lookUp(userId: Id): Promise<string | undefined> {
    const here = this.remembered.get(userId);
    const known = here && here.untilMs > this.clock.nowMs() ? [here.gtid] : [];
    try {
      // What this process knows by itself too: Redis may not have taken it.
      const notes = await this.redis.call<string[]>(REQUEST, 'hvals', keyOf(userId));
      known.push(...notes.filter((note) => !note.startsWith(MARK)));
      const mark = notes.find((note) => note.startsWith(MARK));
      const context = requestContext.getStore();
      if (context && mark !== undefined) context.notesMark = mark;
    } catch (error) {
      this.doubt(error);
    }
    const everything = this.inDoubt ? await this.everything() : undefined;
    return everything ?? (known.length === 0 ? undefined : lastGtids(...known));
  }

  /** All that the primary has executed, which includes what this user wrote wherever it was; nothing while it is away. */
  private async everything(): Promise<string | undefined> {
    if (!this.nodes.primaryUp) return undefined;
    try {
      return await this.nodes.executedByPrimary();
    } catch {
      return undefined;
    }
  }

  private doubt(error: unknown): void {
    if (!this.inDoubt) this.logger.warn({ err: error }, 'own-writes tokens cannot be shared');
    this.beginDoubt();
  }

  private beginDoubt(): void {
    this.doubts++;
    this.doubtUntilMs = this.clock.nowMs() + DOUBT_MS;
  }

  /** Who has not asked anything meanwhile does not know that Redis was away, and that others could not share. */
  private watch(redis: ReturnType<RedisClients['for']>): void {
    const doubt = (): void => this.beginDoubt();
    const listen = (): void => {
      redis.on('-node', doubt).once('-node', () => redis.on('+node', doubt));
    };
    // Before it is ready, nodes come and go while it gets to know the cluster.
    if (redis.status === 'ready') listen();
    else redis.once('ready', listen);
  }

  /** For the requests to come; this one does not wait for it. */
  private async mark(userId: Id): Promise<void> {
    try {
      const mark = `${MARK}${randomBytes(6).toString('base64url')}`;
      await this.redis.script(REQUEST, MARK_READER, [keyOf(userId)], [MARK, mark, this.keepSeconds]);
    } catch (error) {
      this.doubt(error);
    }
  }

  private async share(userId: Id, gtid: string, options = REQUEST): Promise<void> {
    await this.redis.script(options, NOTE_WRITE, [keyOf(userId)], [this.instance, gtid, this.keepSeconds]);
  }

  private shareLater(): void {
    this.sharing ??= setTimeout(() => void this.shareAll(), SHARE_AGAIN_MS).unref();
  }

  private async shareAll(): Promise<void> {
    const nowMs = this.clock.nowMs();
    for (const [userId, { gtid, untilMs }] of this.unshared) {
      try {
        if (untilMs > nowMs) await this.share(userId, gtid, BACKGROUND);
        if (this.unshared.get(userId)?.gtid === gtid) this.unshared.delete(userId);
      } catch (error) {
        this.doubt(error);
        break; // the others would fare no better
      }
    }
    this.sharing = undefined;
    if (this.unshared.size > 0) this.shareLater();
  }
}

function remember(map: Map<Id, Remembered>, userId: Id, entry: Remembered): void {
  map.delete(userId);
  map.set(userId, entry);
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value!);
}

const keyOf = (userId: Id): string => `own-writes:${userId}`;
