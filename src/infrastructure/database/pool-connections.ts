import type { Socket } from 'node:net';
import mysql, { type Pool, type PoolConnection, type PoolOptions } from 'mysql2';

/** What every new connection is told first. In UTC, so that no setting of a server shifts what SQL says about times. */
const SESSION_SETUP = {
  // Once a connection, so that a write fails at once on whatever node it is, and no read needs a BEGIN.
  // Reads wait for nobody's rows, but behind the change of a table that waits for a long transaction; then another node
  // may answer.
  read: "SET SESSION transaction_read_only = ON, lock_wait_timeout = 1, time_zone = '+00:00'",
  // The answer to a COMMIT then carries its GTID; see OwnWrites.
  // Who waits longer than 2 s for a row, three times, is in a jam; MySQL's 50 s would hold a connection and a client all the while, and
  // its year for a table that somebody changes by hand even more so.
  write: `SET SESSION session_track_gtids = 'OWN_GTID', innodb_lock_wait_timeout = 2, lock_wait_timeout = 5,
    time_zone = '+00:00'`,
};

export interface PoolSizes {
  all: number;
  idle: number;
  /** Requests that wait for a connection. */
  waiting: number;
}

/** The open connections of a node's pool, each set up for reads or for writes before anybody uses it. */
export class PoolConnections {
  private pool?: Pool;
  private readonly open = new Set<PoolConnection & { stream: Socket }>();

  constructor(private readonly access: 'read' | 'write') {}

  /** Makes the pool; TypeORM calls it instead of the driver's function when it connects. */
  createPool(options: PoolOptions): Pool {
    const pool = mysql.createPool(options);
    pool.on('connection', (connection: PoolConnection) => {
      const open = connection as PoolConnection & { stream: Socket };
      this.open.add(open);
      open.stream.once('close', () => this.open.delete(open));
      // Queued before anything the borrower sends, so no statement can run ahead of it.
      connection.query(SESSION_SETUP[this.access], (error) => {
        if (error) connection.destroy();
      });
    });
    this.pool = pool;
    return pool;
  }

  /** Ends every connection; what waits for an answer on it fails with the reason. */
  destroy(reason: Error): void {
    for (const connection of this.open) connection.stream.destroy(reason);
  }

  get sizes(): PoolSizes {
    const pool = this.pool as unknown as Record<'_allConnections' | '_freeConnections' | '_connectionQueue', Sized>;
    if (!this.pool) return { all: 0, idle: 0, waiting: 0 };
    return {
      all: pool._allConnections.length,
      idle: pool._freeConnections.length,
      waiting: pool._connectionQueue.length,
    };
  }
}

/** mysql2's own queues, which its types hide. */
interface Sized {
  length: number;
}
