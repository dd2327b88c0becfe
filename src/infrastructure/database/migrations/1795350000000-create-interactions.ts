import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Likes, comments, counts of posts, idempotency keys and revoked sessions.
 *
 * Locks: nothing, at no time; every table is new, and a CREATE has no ALGORITHM or LOCK to choose.
 * Down: drops the five tables with all their rows: likes, comments, their counts, keys of repeatable requests, ended
 * sessions. Older code runs on; code that knows these tables must be stopped.
 */
export class CreateInteractions1795350000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['session_revocations', 'idempotency_keys', 'post_counts', 'comments', 'likes']) {
      await queryRunner.query(`DROP TABLE IF EXISTS ${table}`);
    }
  }
}

const TABLES = [
  // The row is the truth; unique, so that a second like is no like. By user: what an account leaves behind.
  `CREATE TABLE IF NOT EXISTS likes (
     post_id BIGINT NOT NULL,
     user_id BIGINT NOT NULL,
     created_at DATETIME(3) NOT NULL,
     PRIMARY KEY (post_id, user_id),
     KEY ix_likes_user (user_id, post_id)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  `CREATE TABLE IF NOT EXISTS comments (
     id BIGINT NOT NULL AUTO_INCREMENT,
     post_id BIGINT NOT NULL,
     parent_id BIGINT NULL,
     author_id BIGINT NOT NULL,
     content VARCHAR(1000) COLLATE utf8mb4_0900_bin NOT NULL,
     created_at DATETIME(3) NOT NULL,
     edited_at DATETIME(3) NULL,
     PRIMARY KEY (id),
     KEY ix_comments_post (post_id, id),
     KEY ix_comments_author (author_id, id)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // Apart from posts: these rows change with every like, and the row of a post should stay cacheable.
  `CREATE TABLE IF NOT EXISTS post_counts (
     post_id BIGINT NOT NULL,
     like_count INT UNSIGNED NOT NULL DEFAULT 0,
     comment_count INT UNSIGNED NOT NULL DEFAULT 0,
     PRIMARY KEY (post_id)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // In the same transaction as the row it protects. The response is what a repeat is answered with.
  `CREATE TABLE IF NOT EXISTS idempotency_keys (
     user_id BIGINT NOT NULL,
     scope_hash BINARY(32) NOT NULL,
     body_hash BINARY(32) NOT NULL,
     response JSON NULL,
     created_at DATETIME(3) NOT NULL,
     PRIMARY KEY (user_id, scope_hash),
     KEY ix_idempotency_created (created_at)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // Access tokens that must die before they expire: of one session, or with no session id of the whole account.
  `CREATE TABLE IF NOT EXISTS session_revocations (
     id BIGINT NOT NULL AUTO_INCREMENT,
     user_id BIGINT NOT NULL,
     family_id BINARY(16) NULL,
     created_at DATETIME(3) NOT NULL,
     PRIMARY KEY (id),
     KEY ix_session_revocations_created (created_at)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,
];
