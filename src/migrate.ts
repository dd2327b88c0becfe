import type { AppConfig } from './config/app-config.js';
import type { Address } from './config/setting-types.js';
import { loadConfig } from './config/load-config.js';
import { DatabaseNode } from './infrastructure/database/database-node.js';
import { findPrimary } from './infrastructure/database/find-primary.js';
import { Migrator } from './infrastructure/database/migrator.js';

const report = (line: string): void => void process.stdout.write(`${line}\n`);

function connectTo(name: string, access: 'read' | 'write', address: Address, { mysql }: AppConfig): DatabaseNode {
  return new DatabaseNode({
    name,
    access,
    address,
    database: mysql.database,
    user: mysql.migrationUser,
    password: mysql.migrationPassword,
    poolSize: 1,
    entities: [],
  });
}

/** `node dist/migrate.js`: brings the schema up to date; `node dist/migrate.js revert` takes the last migration back. */
async function main(): Promise<void> {
  const config = loadConfig();
  const address = await findPrimary(config);
  const primary = connectTo('the primary', 'write', address, config);
  const replicas = [config.mysql.primary, ...config.mysql.replicas]
    .filter((other) => other !== address)
    .map((other) => connectTo(`${other.host}:${other.port}`, 'read', other, config));
  const migrator = new Migrator(primary, { report });
  try {
    if (process.argv[2] === 'revert') {
      const reverted = await migrator.revertLast();
      report(reverted === undefined ? 'there is no migration to revert' : `reverted ${reverted}`);
      return;
    }
    const applied = await migrator.up();
    for (const name of applied) report(`applied ${name}`);
    if (applied.length === 0) report('the schema is up to date');
    else await migrator.untilOn(replicas);
  } finally {
    await Promise.all([primary, ...replicas].map((node) => node.close()));
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`migration failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
