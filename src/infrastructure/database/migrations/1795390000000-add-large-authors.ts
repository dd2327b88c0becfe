import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How a post reaches its followers, pushed into their feeds or pulled when they read, and who the large authors are.
 *
 * Locks: `posts` for a moment, whatever its size; the column exists in the table's description only. The table is new.
 * Down: forgets which posts are pulled, so followers who have not read them yet miss them in the head of their feeds.
 * Older code runs on; code that knows them must be stopped.
 */
export class AddLargeAuthors1795390000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // A row stays after an author has shrunk, until their last pulled post has had its time.
    await queryRunner.query(
      `CREATE TABLE IF NOT EXISTS large_authors (
         user_id BIGINT NOT NULL,
         pulls TINYINT UNSIGNED NOT NULL,
         changed_at DATETIME(3) NOT NULL,
         PRIMARY KEY (user_id)
       ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,
    );
    await queryRunner.query(
      'ALTER TABLE posts ADD COLUMN pulled TINYINT UNSIGNED NOT NULL DEFAULT 0, ALGORITHM=INSTANT, LOCK=DEFAULT',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE posts DROP COLUMN pulled, ALGORITHM=INSTANT, LOCK=DEFAULT');
    await queryRunner.query('DROP TABLE IF EXISTS large_authors');
  }
}
