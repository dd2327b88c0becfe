import { Injectable, Logger } from '@nestjs/common';
import { RedisExecutor } from '../../infrastructure/redis/redis-executor.js';

const TTL_SECONDS = 90 * 86_400;

/** Remembers for 90 days from which addresses an account has been logged in to. */
@Injectable()
export class KnownAddresses {
  private readonly logger = new Logger(KnownAddresses.name);

  constructor(private readonly redis: RedisExecutor) {}

  /** @param account a digest, not the login itself. Without Redis no address is known. */
  async has(account: string, address: string): Promise<boolean> {
    const key = keyOf(account, address);
    try {
      const [exists] = await this.redis.execute<number>([{ name: 'exists', key, args: [key] }], { traffic: 'request' });
      return exists === 1;
    } catch (error) {
      this.logger.warn({ err: error }, 'known addresses cannot be read');
      return false;
    }
  }

  async add(account: string, address: string): Promise<void> {
    const key = keyOf(account, address);
    try {
      await this.redis.execute([{ name: 'set', key, args: [key, 1, 'EX', TTL_SECONDS] }], { traffic: 'request' });
    } catch (error) {
      this.logger.warn({ err: error }, 'a known address could not be kept');
    }
  }
}

const keyOf = (account: string, address: string): string => `login:known:${account}:${address}`;
