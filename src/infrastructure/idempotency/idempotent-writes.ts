import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../database/transactional.decorator.js';
import type { IdempotentRequest } from './idempotency-key.decorator.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** How long a key is remembered. */
export const KEEP_MS = 86_400_000;

const keyReused = (): AppError =>
  new AppError('IDEMPOTENCY_KEY_REUSED', 'The Idempotency-Key was used before, with another body.');

/**
 * Does a write once, however often it is repeated with the same key.
 *
 * The key is a row in the same transaction as what it protects: both are there or neither is. A repeat that comes
 * while the first request still runs waits for it. Only successes are stored; after a failure the key is free again.
 */
@Injectable()
export class IdempotentWrites {
  constructor(
    private readonly repository: IdempotencyRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * @param request `undefined` for a request without a key: the work is simply done
   * @returns what the work answered, now or the first time
   * @throws AppError `IDEMPOTENCY_KEY_REUSED`
   */
  @Transactional()
  async run<T>(userId: Id, request: IdempotentRequest | undefined, work: () => Promise<T>): Promise<T> {
    if (!request) return work();
    const scope = digest(request.method, request.path, request.key);
    const body = digest(canonicalJson(request.body));
    const now = this.clock.now();
    const stored = await this.repository.take(userId, scope, body, now);
    if (stored.response !== null) {
      const isKept = stored.createdAt.getTime() > now.getTime() - KEEP_MS;
      if (isKept && !stored.bodyHash.equals(body)) throw keyReused();
      if (isKept) return JSON.parse(stored.response) as T;
      await this.repository.restart(userId, scope, body, now);
    }
    const response = await work();
    await this.repository.saveResponse(userId, scope, JSON.stringify(response));
    return response;
  }

  /** Forgets up to `limit` requests of a user who is gone, and what they were answered. @returns how many went */
  @Transactional()
  forget(userId: Id, limit: number): Promise<number> {
    return this.repository.deleteOfUser(userId, limit);
  }
}

function digest(...parts: string[]): Buffer {
  return createHash('sha256').update(parts.join('\n')).digest();
}

/** The same text for bodies that differ only in the order of their fields. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
