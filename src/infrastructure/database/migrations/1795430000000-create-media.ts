import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The media of posts, and the objects in the store that nothing shows.
 *
 * Locks: nothing, at no time; both tables are new.
 * Down: posts lose their media, and the objects in the store stay there for ever, attached or not; remove them by the
 * prefixes of `docs/media.md`. Code that knows the tables must be stopped.
 */
export class CreateMedia1795430000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['media_objects', 'post_media']) await queryRunner.query(`DROP TABLE IF EXISTS ${table}`);
  }
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS post_media (
     post_id BIGINT NOT NULL,
     position TINYINT UNSIGNED NOT NULL,
     object_key VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
     content_type VARCHAR(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
     PRIMARY KEY (post_id, position)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // Whatever may lie in the store and is shown by nothing: it is removed when due. Of uploads it says what was promised.
  `CREATE TABLE IF NOT EXISTS media_objects (
     owner_id BIGINT NOT NULL,
     object_key VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
     content_type VARCHAR(50) CHARACTER SET ascii COLLATE ascii_bin NULL,
     bytes BIGINT UNSIGNED NULL,
     multipart VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
     used_at DATETIME(3) NULL,
     due_at DATETIME(3) NOT NULL,
     PRIMARY KEY (owner_id, object_key),
     KEY ix_media_objects_due (due_at)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,
];
