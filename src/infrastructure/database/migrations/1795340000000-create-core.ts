import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Users, sessions, follows, posts and the outbox.
 *
 * Locks: nothing, at no time; every table is new, and a CREATE has no ALGORITHM or LOCK to choose.
 * Down: drops the six tables with all their rows. Each is locked for as long as its files take to delete; the service
 * must be stopped.
 *
 * Foreign keys are left out on purpose: deletions run in bounded batches in the background, and a sharded MySQL does not
 * enforce keys across shards.
 */
export class CreateCore1795340000000 implements MigrationInterface {
  /** MySQL commits every DDL statement by itself; a transaction around them would promise what it cannot do. */
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['outbox_events', 'posts', 'follows', 'refresh_tokens', 'user_counts', 'users']) {
      await queryRunner.query(`DROP TABLE IF EXISTS ${table}`);
    }
  }
}

/** `IF NOT EXISTS`, so that a run that was interrupted half-way can be repeated. */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS users (
     id BIGINT NOT NULL AUTO_INCREMENT,
     username VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
     email VARCHAR(254) COLLATE utf8mb4_0900_bin NOT NULL,
     password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
     display_name VARCHAR(50) NOT NULL,
     bio VARCHAR(300) NOT NULL DEFAULT '',
     avatar_key VARCHAR(255) NULL,
     created_at DATETIME(3) NOT NULL,
     deleted_at DATETIME(3) NULL,
     PRIMARY KEY (id),
     UNIQUE KEY uq_users_username (username),
     UNIQUE KEY uq_users_email (email),
     KEY ix_users_display_name (display_name, id)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // Counts live apart from users: they change often, and the row of a user should stay cacheable.
  `CREATE TABLE IF NOT EXISTS user_counts (
     user_id BIGINT NOT NULL,
     post_count INT UNSIGNED NOT NULL DEFAULT 0,
     follower_count INT UNSIGNED NOT NULL DEFAULT 0,
     following_count INT UNSIGNED NOT NULL DEFAULT 0,
     PRIMARY KEY (user_id)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  `CREATE TABLE IF NOT EXISTS refresh_tokens (
     token_hash BINARY(32) NOT NULL,
     family_id BINARY(16) NOT NULL,
     user_id BIGINT NOT NULL,
     created_at DATETIME(3) NOT NULL,
     expires_at DATETIME(3) NOT NULL,
     spent_at DATETIME(3) NULL,
     PRIMARY KEY (token_hash),
     KEY ix_refresh_tokens_family (family_id),
     KEY ix_refresh_tokens_user (user_id),
     KEY ix_refresh_tokens_expires (expires_at)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // The primary key serves the fan-out (followers of X in order); the other one serves "what does X follow".
  `CREATE TABLE IF NOT EXISTS follows (
     followee_id BIGINT NOT NULL,
     follower_id BIGINT NOT NULL,
     created_at DATETIME(3) NOT NULL,
     PRIMARY KEY (followee_id, follower_id),
     KEY ix_follows_follower (follower_id, followee_id)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  `CREATE TABLE IF NOT EXISTS posts (
     id BIGINT NOT NULL AUTO_INCREMENT,
     author_id BIGINT NOT NULL,
     content VARCHAR(2200) COLLATE utf8mb4_0900_bin NOT NULL,
     created_at DATETIME(3) NOT NULL,
     edited_at DATETIME(3) NULL,
     deleted_at DATETIME(3) NULL,
     PRIMARY KEY (id),
     KEY ix_posts_author (author_id, id),
     KEY ix_posts_author_created (author_id, created_at)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // A pending job is due at available_at; leasing it moves that moment to the end of the lease.
  `CREATE TABLE IF NOT EXISTS outbox_events (
     id BIGINT NOT NULL AUTO_INCREMENT,
     type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
     payload JSON NOT NULL,
     progress VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
     state ENUM('pending', 'finished') NOT NULL DEFAULT 'pending',
     available_at DATETIME(3) NOT NULL,
     lease_token BINARY(16) NULL,
     attempts INT UNSIGNED NOT NULL DEFAULT 0,
     last_error VARCHAR(500) NULL,
     created_at DATETIME(3) NOT NULL,
     finished_at DATETIME(3) NULL,
     PRIMARY KEY (id),
     KEY ix_outbox_due (state, available_at),
     KEY ix_outbox_finished (state, finished_at)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,
];
