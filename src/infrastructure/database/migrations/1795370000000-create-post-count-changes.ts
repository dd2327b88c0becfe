import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Changes of posts' counts that are not written back yet, and posts whose cached counts are to be compared.
 *
 * Locks: none on existing data; both tables are new. Old code goes on changing `post_counts` by itself: what a post has is
 * always the sum of its row there and its changes.
 * Down: nothing, once the changes are written back, which it does in one statement; the code that makes them must be stopped.
 */
export class CreatePostCountChanges1795370000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    if (await queryRunner.hasTable('post_count_changes')) await queryRunner.query(WRITE_BACK);
    for (const table of ['post_count_checks', 'post_count_changes']) {
      await queryRunner.query(`DROP TABLE IF EXISTS ${table}`);
    }
  }
}

const TABLES = [
  // Only ever inserted into, so that likes of one post do not wait for each other. The index holds all that a sum needs.
  `CREATE TABLE IF NOT EXISTS post_count_changes (
     id BIGINT NOT NULL AUTO_INCREMENT,
     post_id BIGINT NOT NULL,
     likes INT NOT NULL,
     comments INT NOT NULL,
     created_at DATETIME(3) NOT NULL,
     PRIMARY KEY (id),
     KEY ix_post_count_changes_post (post_id, likes, comments)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,

  // notes: how often a check was asked for, so that one that was asked for meanwhile is not taken for done.
  `CREATE TABLE IF NOT EXISTS post_count_checks (
     post_id BIGINT NOT NULL,
     due_at DATETIME(3) NOT NULL,
     notes INT UNSIGNED NOT NULL DEFAULT 1,
     PRIMARY KEY (post_id),
     KEY ix_post_count_checks_due (due_at)
   ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci`,
];

const WRITE_BACK = `INSERT INTO post_counts (post_id, like_count, comment_count)
  SELECT * FROM (
    SELECT p.id, GREATEST(0, COALESCE(MAX(c.like_count), 0) + SUM(d.likes)) AS likes,
           GREATEST(0, COALESCE(MAX(c.comment_count), 0) + SUM(d.comments)) AS comments
      FROM post_count_changes d JOIN posts p ON p.id = d.post_id LEFT JOIN post_counts c ON c.post_id = d.post_id
     GROUP BY p.id) AS total
  ON DUPLICATE KEY UPDATE like_count = total.likes, comment_count = total.comments`;
