import mysql from 'mysql2/promise';
import type { AppConfig } from '../../src/config/app-config.js';
import type { Address } from '../../src/config/setting-types.js';

/** Asks a server, as the monitoring user, about what other connections do; by default the primary. */
export async function askMonitor<Row>(
  { mysql: settings }: AppConfig,
  sql: string,
  values: unknown[] = [],
  { host, port }: Address = settings.primary,
): Promise<Row[]> {
  const { monitorUser: user, monitorPassword: password } = settings;
  const connection = await mysql.createConnection({ host, port, user, password });
  try {
    const [rows] = await connection.query(sql, values);
    return rows as Row[];
  } finally {
    connection.destroy();
  }
}
