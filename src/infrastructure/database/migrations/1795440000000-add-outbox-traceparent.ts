import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The trace in which a job was stored, so that the worker goes on with it. Empty while tracing is off.
 *
 * Locks: `outbox_events` for a moment, whatever its size; the column exists in the table's description only.
 * Down: forgets to which traces waiting jobs belong. Older code runs on; code that knows the column must be stopped.
 */
export class AddOutboxTraceparent1795440000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE outbox_events
         ADD COLUMN traceparent VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL, ALGORITHM=INSTANT, LOCK=DEFAULT`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE outbox_events DROP COLUMN traceparent, ALGORITHM=INSTANT, LOCK=DEFAULT');
  }
}
