import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import mysql, { type Connection } from 'mysql2/promise';
import { GtidSet } from '../../src/tools/mysql-topology/gtid-set.js';
import { services } from './services.js';
import { until } from './settle.js';

const TOOL = join(import.meta.dirname, '../../dist/mysql.js');

/** A server as the runner names it, and as the operator does. */
export interface Server {
  name: string;
  address: string;
}

const setting = (name: string): string => process.env[name]!;
const replicas = setting('MYSQL_REPLICAS').split(',');

export const PRIMARY: Server = { name: 'mysql-primary', address: setting('MYSQL_PRIMARY') };
export const REPLICA_1: Server = { name: 'mysql-replica-1', address: replicas[0]! };
export const REPLICA_2: Server = { name: 'mysql-replica-2', address: replicas[1]! };
export const SERVERS = [PRIMARY, REPLICA_1, REPLICA_2];

export interface Outcome {
  code: number;
  /** What it printed, and at last the error, if there was one. */
  text: string;
}

/** `npm run mysql -- …` against the tests' services. */
export const operate = (...args: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(process.execPath, [TOOL, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, text: `${stdout}${stderr}` }),
    );
  });

export async function operateWell(...args: string[]): Promise<string> {
  const { code, text } = await operate(...args);
  if (code !== 0) throw new Error(`npm run mysql -- ${args.join(' ')}: ${text}`);
  return text;
}

/** Sends a signal to a command as soon as it has printed a line that begins so. */
export const operateUntil = (beginning: string, signal: NodeJS.Signals, ...args: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [TOOL, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    createInterface(child.stdout).on('line', (line) => {
      text += `${line}\n`;
      if (line.startsWith(beginning)) child.kill(signal);
    });
    child.once('close', (code) => resolve({ code: code ?? 1, text }));
  });

/** A connection to one server, whatever its role is. */
export function connectTo(server: Server, user: 'operator' | 'migration', database?: string): Promise<Connection> {
  const [host, port] = server.address.split(':');
  const prefix = `MYSQL_${user.toUpperCase()}`;
  return mysql.createConnection({
    host: host!,
    port: Number(port),
    user: setting(`${prefix}_USER`),
    password: setting(`${prefix}_PASSWORD`),
    ...(database !== undefined && { database }),
  });
}

/** Statements of the operator on one server. @returns the rows of the last one */
export async function onServer<Row = Record<string, unknown>>(server: Server, ...statements: string[]): Promise<Row[]> {
  const connection = await connectTo(server, 'operator');
  try {
    let rows: unknown;
    for (const statement of statements) [rows] = await connection.query(statement);
    return rows as Row[];
  } finally {
    connection.destroy();
  }
}

export async function executedOn(server: Server): Promise<GtidSet> {
  const [row] = await onServer<{ gtids: string }>(server, 'SELECT @@GLOBAL.gtid_executed AS gtids');
  return GtidSet.parse(row!.gtids);
}

export async function isWritable(server: Server): Promise<boolean> {
  const [row] = await onServer<{ readOnly: number }>(server, 'SELECT @@GLOBAL.super_read_only AS readOnly');
  return row!.readOnly === 0;
}

/** A figure of semi-synchronous replication, such as `no_tx`. */
export async function semiSync(server: Server, name: string): Promise<string> {
  const [row] = await onServer<{ Value: string }>(server, `SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_${name}'`);
  return row!.Value;
}

/** Promotes a replica after the loss of the primary: the first, or the other where the first may not be. */
export async function promoteReplica(): Promise<Server> {
  const { code, text } = await operate('promote', REPLICA_1.address, '--old-primary-is-gone');
  if (code === 0) return REPLICA_1;
  // A write may have reached one of them only.
  if (!text.includes(`promote ${REPLICA_2.address}, which lacks nothing`)) throw new Error(text);
  await operateWell('promote', REPLICA_2.address, '--old-primary-is-gone');
  return REPLICA_2;
}

/**
 * Makes a server that is up a replica of the primary; with the primary's data, if it has writes of its own. A primary that
 * is killed in the middle of writes often has: those that it wrote to its log and could not send, nor answer, any more.
 */
export async function takeBack(server: Server): Promise<void> {
  if ((await operate('rejoin', server.address)).code === 0) return;
  await operateWell('rejoin', server.address, '--clone');
  await startAnyhow(server);
  await operateWell('rejoin', server.address);
}

/** A server without a primary serves nothing, so that the runner finds fault with it. */
export async function startAnyhow(server: Server): Promise<void> {
  const answers = async () => {
    await services.start(server.name).catch(() => undefined);
    return onServer(server, 'SELECT 1');
  };
  await until(answers, { what: `${server.name} to answer`, timeoutMs: 60_000 });
}

async function holderOf(): Promise<Server | undefined> {
  const { text } = await operate('status');
  return SERVERS.find(({ address }) => new RegExp(`^${address} +primary`, 'm').test(text));
}

/** One primary, and all others replicate from it: a replica needs a moment to connect. */
export const untilHealthy = (): Promise<unknown> => {
  let text = '';
  const isHealthy = async () => {
    const status = await operate('status');
    text = status.text;
    return status.code === 0;
  };
  return until(isHealthy, { what: 'a healthy topology' }).catch((error: unknown) => {
    throw new Error(text, { cause: error });
  });
};

/**
 * All that the source has is there, and the server knows it: one that has just come back counts itself as far behind as the
 * last thing it was away for, a moment longer than it is.
 */
export async function untilCaughtUp(server: Server, source: Server): Promise<void> {
  const wanted = await executedOn(source);
  const isCaughtUp = async () => {
    const [status] = await onServer(server, 'SHOW REPLICA STATUS');
    return status?.['Seconds_Behind_Source'] === 0 && (await executedOn(server)).contains(wanted);
  };
  await until(isCaughtUp, { what: `${server.name} to catch up`, timeoutMs: 60_000 });
}

/** Brings the servers back to how every test finds them: the first is the primary, the others replicate from it. */
export async function restoreTopology(): Promise<void> {
  for (const server of SERVERS) await startAnyhow(server);
  const holder = (await holderOf()) ?? PRIMARY;
  await operateWell('promote', holder.address);
  for (const server of SERVERS) {
    if (server === holder) continue;
    await takeBack(server);
  }
  await untilHealthy();
  if (holder !== PRIMARY) {
    await untilCaughtUp(PRIMARY, holder);
    await operateWell('promote', PRIMARY.address);
  }
  await untilHealthy();
  await until(async () => (await semiSync(PRIMARY, 'clients')) === '2', { what: 'both replicas to acknowledge' });
}
