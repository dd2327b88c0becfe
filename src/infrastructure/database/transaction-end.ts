import type { QueryRunner } from 'typeorm';

/** @returns the GTID of the commit; none when nothing was written */
export async function commit(queryRunner: QueryRunner): Promise<string | undefined> {
  // Not through commitTransaction(), which throws the server's answer away.
  const answer = (await queryRunner.query('COMMIT')) as { stateChanges?: { gtids?: string[] } };
  Object.assign(queryRunner, { isTransactionActive: false, transactionDepth: 0 });
  return answer.stateChanges?.gtids?.[0];
}

/** A connection that cannot roll back must not go back to the pool with a transaction open. */
export async function rollback(queryRunner: QueryRunner): Promise<void> {
  if (!queryRunner.isTransactionActive) return;
  try {
    await queryRunner.rollbackTransaction();
  } catch {
    const connection = (await queryRunner.connect()) as { destroy(): void };
    connection.destroy();
  }
}
