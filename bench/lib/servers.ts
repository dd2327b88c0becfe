// The MySQL servers of a run, past the application.
import mysql, { type Pool, type RowDataPacket } from 'mysql2/promise';

/** `primary`, `replica 1`, … with their addresses. */
export function serversOf(env: NodeJS.ProcessEnv): { name: string; address: string }[] {
  const replicas = env.MYSQL_REPLICAS!.split(',');
  return [
    { name: 'primary', address: env.MYSQL_PRIMARY! },
    ...replicas.map((address, index) => ({ name: `replica ${index + 1}`, address })),
  ];
}

/** A bare pool to a server, as large as the application's and as its user. */
export function barePool(env: NodeJS.ProcessEnv, address: string, connections: number): Pool {
  const [host, port] = address.split(':');
  return mysql.createPool({
    host: host!,
    port: Number(port),
    user: env.MYSQL_USER!,
    password: env.MYSQL_PASSWORD!,
    database: env.MYSQL_DATABASE!,
    connectionLimit: connections,
    supportBigNumbers: true,
    bigNumberStrings: true,
    timezone: 'Z',
  });
}

/** `SELECT`s that a server has executed so far, whoever asked. */
export async function selectsOf(pool: Pool): Promise<number> {
  const [[row]] = await pool.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Com_select'");
  return Number(row!.Value);
}
