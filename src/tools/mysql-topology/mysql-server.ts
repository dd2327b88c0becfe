import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import type { AppConfig } from '../../config/app-config.js';
import type { Address } from '../../config/setting-types.js';
import { GtidSet } from './gtid-set.js';
import type { Replication, SemiSync, ServerState } from './server-state.js';
import { TopologyError } from './topology-error.js';

/** A healthy server accepts a connection in milliseconds; one that has not after this counts as away. */
const CONNECT_TIMEOUT_MS = 3_000;
/** For statements that wait for nothing. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** How long a server may take to become read-only: it waits for statements that run. */
const FENCE_TIMEOUT_SECONDS = 10;
/** Held on every server, so that promotions and rejoins come one after the other. */
const LOCK = 'sns_mysql_topology';

const ACCESS_DENIED = 1045;
const LOCK_WAIT_TIMEOUT = 1205;
/** Nobody watches over the server who would start it again. */
const RESTART_FAILED = 3707;

/** Of a role, besides being writable; persisted, so that they outlive a restart and go before the server's files. */
const ROLE_SETTINGS = {
  primary: 'sync_binlog = 1, innodb_flush_log_at_trx_commit = 1, rpl_semi_sync_source_wait_no_replica = ON',
  replica: 'sync_binlog = 0, innodb_flush_log_at_trx_commit = 2, rpl_semi_sync_source_wait_no_replica = OFF',
};

export type Role = keyof typeof ROLE_SETTINGS;

/** One MySQL server, talked to as the operator, over one connection: it holds the lock. */
export class MysqlServer {
  private constructor(
    readonly name: string,
    private readonly connection: Connection,
    private readonly config: AppConfig['mysql'],
  ) {}

  /**
   * @returns `undefined` when the server does not answer
   * @throws TopologyError when it refuses the operator
   */
  static async connect(address: Address, config: AppConfig['mysql']): Promise<MysqlServer | undefined> {
    const name = `${address.host}:${address.port}`;
    try {
      const connection = await mysql.createConnection({
        ...address,
        user: config.operatorUser,
        password: config.operatorPassword,
        connectTimeout: CONNECT_TIMEOUT_MS,
      });
      connection.on('error', () => undefined); // the next statement says so
      return new MysqlServer(name, connection, config);
    } catch (error) {
      const { errno, message } = error as { errno?: number; message: string };
      if (errno === ACCESS_DENIED) {
        throw new TopologyError(
          `${name} refuses the operator: check MYSQL_OPERATOR_USER and MYSQL_OPERATOR_PASSWORD (${message})`,
          { cause: error },
        );
      }
      return undefined;
    }
  }

  close(): void {
    this.connection.destroy();
  }

  /** @returns whether it got the lock within the time; it ends with the connection */
  async lock(seconds: number): Promise<boolean> {
    const [row] = await this.query('SELECT GET_LOCK(?, ?) AS got', [LOCK, seconds]);
    return row!['got'] === 1;
  }

  async state(): Promise<ServerState> {
    const [replica] = await this.query('SHOW REPLICA STATUS');
    const [server] = await this.query(
      `SELECT @@GLOBAL.server_uuid AS uuid, @@GLOBAL.super_read_only AS readOnly, @@GLOBAL.gtid_executed AS executed,
              COALESCE(@@GLOBAL.report_host, '') AS host, @@GLOBAL.report_port AS port`,
    );
    const [term] = await this.query(
      'SELECT term, server_uuid FROM replication_topology.primary_terms ORDER BY term DESC LIMIT 1',
    );
    const { host, port } = this.connection.config;
    return {
      uuid: String(server!['uuid']),
      writable: server!['readOnly'] === 0,
      executed: GtidSet.parse(String(server!['executed'])),
      replication: replica && replicationOf(replica),
      term: term && { term: Number(term['term']), serverUuid: String(term['server_uuid']) },
      semiSync: await this.semiSync(),
      reachedAt: server!['host']
        ? { host: String(server!['host']), port: Number(server!['port']) }
        : { host: host!, port: port! },
    };
  }

  async executed(): Promise<GtidSet> {
    const [row] = await this.query('SELECT @@GLOBAL.gtid_executed AS executed');
    return GtidSet.parse(String(row!['executed']));
  }

  /** Refuses every write from now on, also after a restart. What is answered after this was not written. */
  async fence(): Promise<void> {
    await this.query(`SET SESSION lock_wait_timeout = ${FENCE_TIMEOUT_SECONDS}`);
    try {
      await this.query('SET PERSIST read_only = ON, PERSIST super_read_only = ON', [], FENCE_TIMEOUT_SECONDS * 2_000);
    } catch (error) {
      if ((error as { errno?: number }).errno !== LOCK_WAIT_TIMEOUT) throw error;
      throw new TopologyError(
        `${this.name} did not become read-only within ${FENCE_TIMEOUT_SECONDS} s: a long statement or LOCK TABLES is in the way`,
        { cause: error },
      );
    }
  }

  /** Takes writes from now on, also after a restart. */
  async open(): Promise<void> {
    await this.query('SET PERSIST super_read_only = OFF, PERSIST read_only = OFF');
  }

  async setRole(role: Role): Promise<void> {
    await this.query(`SET PERSIST ${ROLE_SETTINGS[role].replaceAll(', ', ', PERSIST ')}`);
  }

  async stopReceiving(): Promise<void> {
    await this.query('STOP REPLICA IO_THREAD');
  }

  async startReceiving(): Promise<void> {
    await this.query('START REPLICA IO_THREAD');
  }

  /** @returns whether the server has executed them all within the time */
  async waitFor(gtids: GtidSet, seconds: number): Promise<boolean> {
    const [row] = await this.query(
      'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS timedOut',
      [gtids.toString(), seconds],
      STATEMENT_TIMEOUT_MS + seconds * 1_000,
    );
    return row!['timedOut'] === 0;
  }

  /** Replicates from nobody any more. What it received and has not applied is thrown away. */
  async detach(): Promise<void> {
    await this.query('STOP REPLICA');
    await this.query('RESET REPLICA ALL');
  }

  /** Replicates from `source`; with the options that the stack gives a new replica. */
  async follow({ host, port }: Address): Promise<void> {
    await this.query('STOP REPLICA');
    await this.query(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = ?, SOURCE_PORT = ?, SOURCE_USER = ?, SOURCE_PASSWORD = ?,
         SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1,
         SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 86400, SOURCE_HEARTBEAT_PERIOD = 2`,
      [host, port, this.config.replicationUser, this.config.replicationPassword],
    );
    await this.query('START REPLICA');
  }

  /**
   * Throws all data away and takes those of another server; then the server shuts down, and is read-only, without a
   * source, when it comes back. Until then users that may write find it read-only.
   */
  async cloneFrom({ host, port }: Address): Promise<void> {
    const { replicationUser, replicationPassword } = this.config;
    await this.query('SET GLOBAL super_read_only = OFF'); // it holds the clone up; read_only and its persisted twin stay
    await this.query('SET GLOBAL clone_valid_donor_list = ?', [`${host}:${port}`]);
    try {
      await this.query(
        `CLONE INSTANCE FROM ?@?:${port} IDENTIFIED BY ?`,
        [replicationUser, host, replicationPassword],
        0,
      );
    } catch (error) {
      const { errno, cause } = error as { errno?: number; cause?: { fatal?: boolean } };
      // It ends by itself, or whoever watches over it has started it again already.
      if (errno !== RESTART_FAILED && cause?.fatal !== true) throw error;
    }
  }

  /** Writes down that this server is the primary from now on; the row reaches the others as every other write does. */
  async beginTerm(term: number): Promise<void> {
    await this.query(
      'INSERT INTO replication_topology.primary_terms (term, server_uuid, since) VALUES (?, @@GLOBAL.server_uuid, UTC_TIMESTAMP(3))',
      [term],
    );
  }

  /** @returns `undefined` where the plugin is not loaded */
  async semiSync(): Promise<SemiSync | undefined> {
    const rows = await this.query("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_%'");
    const values = new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));
    const status = values.get('Rpl_semi_sync_source_status');
    if (status === undefined) return undefined;
    return {
      active: status === 'ON',
      replicas: Number(values.get('Rpl_semi_sync_source_clients')),
      unacknowledged: Number(values.get('Rpl_semi_sync_source_no_tx')),
    };
  }

  private async query(sql: string, values: unknown[] = [], timeout = STATEMENT_TIMEOUT_MS): Promise<RowDataPacket[]> {
    try {
      const [rows] = await this.connection.query<RowDataPacket[]>({ sql, ...(timeout > 0 && { timeout }) }, values);
      return rows;
    } catch (error) {
      // A statement is named by its first words: it may hold a password.
      const [words] = /^[A-Z_ ]+/.exec(sql) ?? ['a statement'];
      const { message, errno } = error as { message: string; errno?: number };
      throw Object.assign(new TopologyError(`${this.name}: ${words.trim()} failed: ${message}`, { cause: error }), {
        errno,
      });
    }
  }
}

function replicationOf(row: RowDataPacket): Replication {
  const errors = [row['Last_IO_Error'], row['Last_SQL_Error']].map(String).filter((text) => text !== '');
  const receiver = String(row['Replica_IO_Running']);
  return {
    source: `${row['Source_Host']}:${row['Source_Port']}`,
    sourceUuid: String(row['Source_UUID'] ?? ''),
    receiver: receiver === 'Yes' ? 'on' : receiver === 'Connecting' ? 'connecting' : 'off',
    applier: row['Replica_SQL_Running'] === 'Yes' ? 'on' : 'off',
    error: errors.join('; ').replaceAll(/\s+/g, ' '),
    lagSeconds: row['Seconds_Behind_Source'] === null ? undefined : Number(row['Seconds_Behind_Source']),
    received: GtidSet.parse(String(row['Retrieved_Gtid_Set'])),
  };
}
