import { queryAsMonitor } from './mysql-client.ts';
import { HopelessError } from './poll.ts';

const USER = 'sns_replication';
const PASSWORD = 'sns-replication-development';

export interface ReplicaStatus {
  host: string;
  port: number;
  receiver: 'ON' | 'OFF' | 'CONNECTING';
  receiverError: string;
  applier: 'ON' | 'OFF';
  applierError: string;
}

/** `undefined` when the server is no replica. */
export async function replicaStatus(port: number): Promise<ReplicaStatus | undefined> {
  const [status] = await queryAsMonitor<ReplicaStatus>(
    port,
    `SELECT c.HOST AS host, c.PORT AS port,
            r.SERVICE_STATE AS receiver, r.LAST_ERROR_MESSAGE AS receiverError,
            a.SERVICE_STATE AS applier,
            COALESCE((SELECT MAX(w.LAST_ERROR_MESSAGE) FROM performance_schema.replication_applier_status_by_worker w
                       WHERE w.CHANNEL_NAME = a.CHANNEL_NAME), '') AS applierError
       FROM performance_schema.replication_connection_configuration c
       JOIN performance_schema.replication_connection_status r USING (CHANNEL_NAME)
       JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME)`,
  );
  return status;
}

/** A thread that stopped with an error stays stopped until somebody acts. */
const stopped = (what: string, error: string): Error =>
  error === '' ? new Error(what) : new HopelessError(`${what}: ${error}`);

/**
 * Resolves when the server takes writes, or receives and applies those of another one; throws with its own error when
 * it does neither. Which of both is right is for `npm run mysql -- status` to say.
 */
export async function checkReplication(port: number): Promise<void> {
  const status = await replicaStatus(port);
  if (status === undefined) {
    const [row] = await queryAsMonitor<{ readOnly: number }>(port, 'SELECT @@GLOBAL.super_read_only AS readOnly');
    if (row?.readOnly === 0) return;
    throw new HopelessError('it is read-only and has no primary; see `npm run mysql -- status`');
  }
  if (status.applier !== 'ON') throw stopped('it does not apply changes', status.applierError);
  if (status.receiver === 'OFF') throw stopped('it does not receive changes', status.receiverError);
  if (status.receiver !== 'ON') throw new Error(`it does not reach its primary: ${status.receiverError}`);
}

/**
 * Points the replica at the primary's port and starts what is stopped without an error. An error stays: it is
 * reported by checkReplication, not hidden by trying again.
 */
export async function ensureReplication(
  port: number,
  primaryPort: number,
  runAsRoot: (sql: string) => Promise<string>,
): Promise<void> {
  const status = await replicaStatus(port);
  if (status?.host !== '127.0.0.1' || status.port !== primaryPort) {
    await runAsRoot(`
      STOP REPLICA;
      CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ${primaryPort},
        SOURCE_USER = '${USER}', SOURCE_PASSWORD = '${PASSWORD}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1,
        SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 86400, SOURCE_HEARTBEAT_PERIOD = 2;
      START REPLICA;`);
  } else if (
    (status.receiver === 'OFF' && status.receiverError === '') ||
    (status.applier === 'OFF' && status.applierError === '')
  ) {
    await runAsRoot('START REPLICA;');
  }
}
