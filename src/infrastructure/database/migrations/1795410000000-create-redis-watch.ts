import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is known of the masters of Redis, in one row, and which jobs are to be replayed after a failover.
 *
 * Locks: none on existing data; the table is new.
 * Down: a failover that has not been replayed yet is forgotten; the code that knows the table must be stopped.
 */
export class CreateRedisWatch1795410000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE IF NOT EXISTS redis_watch (
         id BIGINT NOT NULL,
         masters JSON NOT NULL,
         seen_at DATETIME(3) NOT NULL,
         replay_from DATETIME(3) NULL,
         replay_until DATETIME(3) NULL,
         PRIMARY KEY (id)
       ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE IF EXISTS redis_watch');
  }
}
