import { DatabaseNode } from './infrastructure/database/database-node.js';
import { loadConfig } from './config/load-config.js';

/** `node dist/migrate.js`: brings the schema up to date; `node dist/migrate.js revert` takes the last migration back. */
async function main(): Promise<void> {
  const { mysql } = loadConfig();
  const node = new DatabaseNode({
    name: 'migrations',
    address: mysql.primary,
    database: mysql.database,
    user: mysql.migrationUser,
    password: mysql.migrationPassword,
    poolSize: 1,
    access: 'write',
    entities: [],
  });
  try {
    const dataSource = await node.connect();
    if (process.argv[2] === 'revert') {
      await dataSource.undoLastMigration();
      return;
    }
    const applied = await dataSource.runMigrations();
    for (const migration of applied) process.stdout.write(`applied ${migration.name}\n`);
    if (applied.length === 0) process.stdout.write('the schema is up to date\n');
  } finally {
    await node.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`migration failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
