import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The version of a post, one more with every edit, so that a cache can tell which of two states is newer.
 *
 * Locks: `posts` for a moment, whatever its size; the column exists in the table's description only.
 * Down: forgets how often posts were edited. Older code runs on; code that knows the column must be stopped.
 */
export class AddPostVersion1795360000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE posts ADD COLUMN version INT UNSIGNED NOT NULL DEFAULT 1, ALGORITHM=INSTANT, LOCK=DEFAULT',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE posts DROP COLUMN version, ALGORITHM=INSTANT, LOCK=DEFAULT');
  }
}
