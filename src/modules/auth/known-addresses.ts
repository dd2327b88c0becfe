import { Injectable, Logger } from '@nestjs/common';
import { RedisCommands } from '../../infrastructure/redis/redis-commands.js';
import { RedisUnavailableError } from '../../infrastructure/redis/redis-unavailable.error.js';

const TTL_SECONDS = 90 * 86_400;

/** Remembers for 90 days from which addresses an account has been logged in to. */
@Injectable()
export class KnownAddresses {
  private readonly logger = new Logger(KnownAddresses.name);

  constructor(private readonly redis: RedisCommands) {}

  /** @param account a digest, not the login itself. Without Redis no address is known. */
  async has(account: string, address: string): Promise<boolean> {
    const key = keyOf(account, address);
    try {
      const exists = await this.redis.call<number>({ traffic: 'request' }, 'exists', key);
      return exists === 1;
    } catch (error) {
      this.tell(error, 'known addresses cannot be read');
      return false;
    }
  }

  async add(account: string, address: string): Promise<void> {
    const key = keyOf(account, address);
    try {
      await this.redis.call({ traffic: 'request' }, 'set', key, 1, 'EX', TTL_SECONDS);
    } catch (error) {
      this.tell(error, 'a known address could not be kept');
    }
  }

  /** Of an outage the breakers tell, once. */
  private tell(error: unknown, what: string): void {
    if (error instanceof RedisUnavailableError) this.logger.debug({ err: error }, what);
    else this.logger.warn({ err: error }, what);
  }
}

const keyOf = (account: string, address: string): string => `login:known:${account}:${address}`;
