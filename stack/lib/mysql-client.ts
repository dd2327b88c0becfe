import { execFile } from 'node:child_process';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { programCommand } from './programs.ts';

/** Longer than a loaded machine needs for one statement, short enough to poll with. */
const QUERY_TIMEOUT_MS = 10_000;

/**
 * Runs SQL as root through the server's socket. With the `mysql` program and a relative path, because a path to a
 * socket is limited to 107 bytes and a checkout may lie deeper.
 */
export function runAsRoot(dataDirectory: string, sql: string): Promise<string> {
  const [program, ...args] = [...programCommand('mysql'), '--no-defaults', '-uroot', '-S', 'mysql.sock', '-N', '-B'];
  return new Promise((resolve, reject) => {
    const child = execFile(
      program!,
      args,
      { cwd: dataDirectory, timeout: QUERY_TIMEOUT_MS },
      (error, stdout, stderr) => (error ? reject(new Error(stderr.trim() || error.message)) : resolve(stdout)),
    );
    child.stdin!.on('error', reject).end(sql);
  });
}

/** Runs one query as the monitoring user over TCP, as an operator's tool would. */
export async function queryAsMonitor<Row>(port: number, sql: string): Promise<Row[]> {
  const connection: Connection = await mysql.createConnection({
    host: '127.0.0.1',
    port,
    user: 'sns_monitor',
    password: 'sns-development',
    connectTimeout: QUERY_TIMEOUT_MS,
  });
  try {
    const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: QUERY_TIMEOUT_MS });
    return rows as Row[];
  } finally {
    connection.destroy();
  }
}
