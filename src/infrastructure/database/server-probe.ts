import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import type { AppConfig } from '../../config/app-config.js';
import type { Address } from '../../config/setting-types.js';
import { isUnknownTable } from './mysql-errors.js';
import type { PrimaryTerm, ServerView } from './primary-choice.js';
import type { ReplicaStatus } from './replica-status.js';

/** A healthy server answers in a millisecond; one that has not after this is treated as dead. */
const TIMEOUT_MS = 750;
/** In pieces, of which one at most passes while this process is held up itself: that is not the server's silence. */
const TIMEOUT_PIECES = 3;

/** Whether commits wait for a replica to have them, as a primary says of itself. */
export interface SemiSync {
  active: boolean;
  /** Commits that did not wait, since the server started. */
  unacknowledged: number;
}

export interface ServerReport extends ServerView {
  /** `undefined` when the server is no replica. */
  replica: ReplicaStatus | undefined;
  /** Of all that it has executed, and of what it has received besides. */
  gtids: string;
  /** `undefined` where the plugin is not loaded. */
  semiSync: SemiSync | undefined;
}

/** Asks one server how it is, on a connection of its own: a busy pool must not look like a dead server. */
export class ServerProbe {
  /** Why the last question had no answer. */
  failure?: string;
  private connection?: Connection;

  constructor(
    private readonly address: Address,
    private readonly config: AppConfig,
  ) {}

  /** @returns `undefined` when the server does not answer in time */
  ask(): Promise<ServerReport | undefined> {
    return this.answer(report);
  }

  /** Whether the server says, in time, that it has executed these transactions. */
  async hasExecuted(gtids: string): Promise<boolean> {
    const rows = await this.answer((connection) =>
      rowsOf(connection, 'SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed) AS yes', [gtids]),
    );
    return Number(rows?.[0]?.['yes']) === 1;
  }

  private async answer<T>(question: (connection: Connection) => Promise<T>): Promise<T | undefined> {
    const tooLate = new AbortController();
    const answered = new AbortController();
    void silence(answered.signal).then((isSilent) => isSilent && tooLate.abort());
    try {
      const connection = (this.connection ??= await this.connect());
      tooLate.signal.throwIfAborted();
      tooLate.signal.addEventListener('abort', () => destroy(connection), { once: true });
      return await question(connection);
    } catch (error) {
      this.failure = tooLate.signal.aborted ? 'it took too long' : (error as Error).message;
      this.close(); // the next probe begins with a new connection
      return undefined;
    } finally {
      answered.abort();
    }
  }

  close(): void {
    if (this.connection) destroy(this.connection);
    this.connection = undefined;
  }

  private async connect(): Promise<Connection> {
    const { monitorUser, monitorPassword } = this.config.mysql;
    const connection = await mysql.createConnection({
      ...this.address,
      user: monitorUser,
      password: monitorPassword,
      connectTimeout: TIMEOUT_MS,
    });
    // One that breaks while nothing is asked of it says nothing of the server; the next question opens another one.
    connection.on('error', () => {
      destroy(connection);
      if (this.connection === connection) this.connection = undefined;
    });
    return connection;
  }
}

/** @returns true when the timeout has passed, false when there was an answer before */
async function silence(answered: AbortSignal): Promise<boolean> {
  for (let piece = 0; piece < TIMEOUT_PIECES && !answered.aborted; piece++) {
    await delay(TIMEOUT_MS / TIMEOUT_PIECES, undefined, { signal: answered }).catch(() => undefined);
  }
  return !answered.aborted;
}

/** At once: mysql2's own way waits for the server to agree, which a frozen one does not. */
function destroy(connection: Connection): void {
  (connection as unknown as { connection: { stream: Socket } }).connection.stream.destroy(new Error('given up'));
}

async function report(connection: Connection): Promise<ServerReport> {
  const [replica] = (await rowsOf(connection, 'SHOW REPLICA STATUS')) as (RowDataPacket & ReplicaStatus)[];
  const [server] = await rowsOf(
    connection,
    `SELECT @@GLOBAL.server_uuid AS uuid, @@GLOBAL.super_read_only AS readOnly, @@GLOBAL.gtid_executed AS executed`,
  );
  return {
    serverUuid: server!['uuid'] as string,
    writable: Number(server!['readOnly']) === 0,
    replicates: replica !== undefined,
    replica,
    gtids: [server!['executed'] as string, replica?.Retrieved_Gtid_Set].filter(Boolean).join(','),
    term: await latestTerm(connection),
    semiSync: await semiSync(connection),
  };
}

async function latestTerm(connection: Connection): Promise<PrimaryTerm | undefined> {
  try {
    const [row] = await rowsOf(
      connection,
      'SELECT term, server_uuid FROM replication_topology.primary_terms ORDER BY term DESC LIMIT 1',
    );
    return row && { term: Number(row['term']), serverUuid: row['server_uuid'] as string };
  } catch (error) {
    if (isUnknownTable(error)) return undefined; // nobody has ever been promoted there
    throw error;
  }
}

async function semiSync(connection: Connection): Promise<SemiSync | undefined> {
  const rows = await rowsOf(connection, "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_%'");
  const figures = new Map(rows.map((row) => [row['Variable_name'] as string, row['Value'] as string]));
  const status = figures.get('Rpl_semi_sync_source_status');
  if (status === undefined) return undefined;
  return { active: status === 'ON', unacknowledged: Number(figures.get('Rpl_semi_sync_source_no_tx')) };
}

async function rowsOf(connection: Connection, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql, values);
  return rows;
}
