import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import type { AppConfig } from '../../config/app-config.js';
import type { Address } from '../../config/setting-types.js';
import type { ReplicaStatus } from './replica-status.js';

/** A healthy server answers in a millisecond; one that has not after this is treated as dead. */
const TIMEOUT_MS = 1_000;

/** Asks one server how it is, on a connection of its own: a busy pool must not look like a dead server. */
export class ReplicationProbe {
  private connection?: Connection;

  constructor(
    private readonly address: Address,
    private readonly config: AppConfig,
  ) {}

  /** @returns `undefined` when the server is no replica. @throws when it does not answer within a second */
  async status(): Promise<ReplicaStatus | undefined> {
    const [row] = await this.query('SHOW REPLICA STATUS');
    return row as ReplicaStatus | undefined;
  }

  async answers(): Promise<boolean> {
    try {
      await this.query('SELECT 1');
      return true;
    } catch {
      return false; // this is the answer
    }
  }

  close(): void {
    this.connection?.destroy();
    this.connection = undefined;
  }

  private async query(sql: string): Promise<RowDataPacket[]> {
    try {
      this.connection ??= await this.connect();
      const [rows] = await this.connection.query<RowDataPacket[]>({ sql, timeout: TIMEOUT_MS });
      return rows;
    } catch (error) {
      this.close(); // the next probe begins with a new connection
      throw error;
    }
  }

  private async connect(): Promise<Connection> {
    const { monitorUser, monitorPassword } = this.config.mysql;
    const connection = await mysql.createConnection({
      ...this.address,
      user: monitorUser,
      password: monitorPassword,
      connectTimeout: TIMEOUT_MS,
    });
    connection.on('error', () => this.close());
    return connection;
  }
}
