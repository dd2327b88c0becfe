import type { INestApplicationContext } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { DatabaseHealthIndicator } from '../infrastructure/database/database.health.js';
import { DatabaseNodes } from '../infrastructure/database/database-nodes.js';
import { findPrimary } from '../infrastructure/database/find-primary.js';

const START = 'start it with `npm start` or `npm run stack -- up`';

/** For the operator: that the primary cannot be talked to, and what to do. */
export const databaseDown = ({ mysql: { primary } }: AppConfig): string =>
  `MySQL at ${primary.host}:${primary.port} does not answer or refuses the user; ${START}.`;

/**
 * Makes a tool talk to the primary, which need not be the one of the settings any more. A tool does not follow it further:
 * it can be run again.
 *
 * @returns what is in the way, found now rather than in the middle; `undefined` when nothing is
 */
export async function reachPrimary(app: INestApplicationContext, config: AppConfig): Promise<string | undefined> {
  const address = await findPrimary(config).catch(() => undefined);
  if (!address) return databaseDown(config);
  const nodes = app.get(DatabaseNodes);
  const server = nodes.servers.find(({ name }) => name === `${address.host}:${address.port}`)!;
  if (server.role !== 'primary') nodes.appoint(server);
  const health = app.get(DatabaseHealthIndicator);
  const { 'mysql-primary': primary } = await health.primary();
  if (primary.status !== 'up') return databaseDown(config);
  const { migrations } = await health.migrations();
  if (migrations.status === 'up') return undefined;
  return 'the database does not have the tables of this version yet; run `npm start` once';
}
