import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisClients } from './redis-clients.js';
import { withinDeadline } from './redis-unavailable.error.js';

/** A walk has time, but a node that does not answer must not hold up the walks over the others for long. */
const DEADLINE_MS = 2_000;

/** Where a walk over the keys of a node begins and ends. */
export const SCAN_START = '0';

/** Walks over the keys that lie on one node, for work that keeps house. */
@Injectable()
export class KeyScanner {
  constructor(private readonly clients: RedisClients) {}

  /** The masters of now, as `host:port`. */
  masters(): string[] {
    return this.nodes().map(addressOf);
  }

  /** How many keys a node holds. @throws RedisUnavailableError */
  async size(master: string): Promise<number> {
    const node = this.find(master);
    return node ? withinDeadline(node.dbsize(), DEADLINE_MS) : 0;
  }

  /**
   * The next keys of a node that match a pattern; some may come twice over a walk, none that stays there is left out.
   *
   * @param cursor from the call before, {@link SCAN_START} at the beginning
   * @param looked keys to look at, whether or not they match
   * @returns the next cursor, {@link SCAN_START} when the walk is over or the node is gone
   * @throws RedisUnavailableError
   */
  async next(
    master: string,
    cursor: string,
    pattern: string,
    looked: number,
  ): Promise<{ cursor: string; keys: string[] }> {
    const node = this.find(master);
    if (!node) return { cursor: SCAN_START, keys: [] };
    const [next, keys] = await withinDeadline(node.scan(cursor, 'MATCH', pattern, 'COUNT', looked), DEADLINE_MS);
    return { cursor: next, keys };
  }

  private find(master: string): Redis | undefined {
    return this.nodes().find((node) => addressOf(node) === master);
  }

  private nodes(): Redis[] {
    return this.clients.for('background').nodes('master');
  }
}

const addressOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`;
