// What a write is compared with: bare single-row commits through the pool that the API uses.
import type { INestApplication } from '@nestjs/common';
import type { Pool } from 'mysql2/promise';
import { built } from './schema.ts';

/** What is used of the application's node of MySQL. */
interface Lender {
  acquire(): Promise<{ query(statement: string, values?: unknown[]): Promise<unknown>; release(): Promise<void> }>;
}

export interface BareCommits {
  /** @param explicit with `START TRANSACTION` and `COMMIT`, or committed at once. @returns commits a second */
  rate(count: number, explicit: boolean): Promise<number>;
}

/** @param concurrency commits at a time */
export async function bareCommits(app: INestApplication, pool: Pool, concurrency: number): Promise<BareCommits> {
  await pool.query(
    'CREATE TABLE bench_rows (id BIGINT AUTO_INCREMENT PRIMARY KEY, post_id BIGINT, user_id BIGINT, at DATETIME(3))',
  );
  const { DatabaseNodes } = await built('infrastructure/database/database-nodes');
  const primary: Lender = app.get(DatabaseNodes, { strict: false }).primary;
  return {
    rate: async (count, explicit) => {
      let left = count;
      const client = async (): Promise<void> => {
        while (left-- > 0) {
          const runner = await primary.acquire();
          if (explicit) await runner.query('START TRANSACTION');
          await runner.query('INSERT INTO bench_rows (post_id, user_id, at) VALUES (?, ?, ?)', [1, left, new Date()]);
          if (explicit) await runner.query('COMMIT');
          await runner.release();
        }
      };
      const begunMs = performance.now();
      await Promise.all(Array.from({ length: concurrency }, client));
      return count / ((performance.now() - begunMs) / 1_000);
    },
  };
}
