import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lanes of outbox jobs, a parked one among them, and what their failures are counted by.
 *
 * Locks: `outbox_events` for a moment, whatever its size: the columns exist in the table's description only, the indexes are built
 * beside the service, in about a second for 100,000 rows (an hour of jobs at 28 a second). Old code stores jobs in the
 * lane `live`, and leases no parked one, because those are due never; so `ix_outbox_due` stays until no old code runs.
 * Down: forgets lanes and counts; parked jobs are due again, and older code tries them for ever.
 */
export class AddOutboxLanes1795420000000 implements MigrationInterface {
  transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE outbox_events
         ADD COLUMN lane ENUM('live', 'retry', 'long', 'bulk', 'parked') NOT NULL DEFAULT 'live',
         ADD COLUMN failures INT UNSIGNED NOT NULL DEFAULT 0,
         ADD COLUMN strikes INT UNSIGNED NOT NULL DEFAULT 0,
         ADD COLUMN losses INT UNSIGNED NOT NULL DEFAULT 0,
         ALGORITHM=INSTANT, LOCK=DEFAULT`,
    );
    await queryRunner.query(
      `ALTER TABLE outbox_events
         ADD KEY ix_outbox_lane (state, lane, available_at),
         ADD KEY ix_outbox_type (state, lane, type),
         ALGORITHM=INPLACE, LOCK=NONE`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    if (await queryRunner.hasColumn('outbox_events', 'lane')) {
      await queryRunner.query(
        "UPDATE outbox_events SET available_at = created_at WHERE state = 'pending' AND lane = 'parked'",
      );
    }
    await queryRunner.query(
      'ALTER TABLE outbox_events DROP KEY ix_outbox_type, DROP KEY ix_outbox_lane, ALGORITHM=INPLACE, LOCK=NONE',
    );
    await queryRunner.query(
      `ALTER TABLE outbox_events DROP COLUMN losses, DROP COLUMN strikes, DROP COLUMN failures, DROP COLUMN lane,
         ALGORITHM=INSTANT, LOCK=DEFAULT`,
    );
  }
}
