/** MySQL's error numbers that the service acts on. https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html */
const DUPLICATE_ENTRY = 1062;
const LOCK_WAIT_TIMEOUT = 1205;
const DEADLOCK = 1213;
const READ_ONLY_TRANSACTION = 1792;
const SERVER_READ_ONLY = 1290;

/** Our own: the pool had no connection to spare for too long. */
export const POOL_TIMEOUT = 'POOL_TIMEOUT';

/** Codes of mysql2 and Node for "the server cannot be talked to", as opposed to "the server refused the statement". */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'PROTOCOL_CONNECTION_LOST',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  POOL_TIMEOUT,
]);

interface DriverError {
  errno?: number;
  code?: string;
  sqlMessage?: string;
  message?: string;
  /** mysql2's word for an error after which the connection is of no use. */
  fatal?: boolean;
}

/** TypeORM wraps what the driver threw; the number and the code are inside. */
function driverError(error: unknown): DriverError {
  if (typeof error !== 'object' || error === null) return {};
  return 'driverError' in error ? (error.driverError as DriverError) : (error as DriverError);
}

/**
 * Name of the unique index that a statement ran into, such as `users.uq_users_email`.
 *
 * @returns `undefined` when the error is another one
 */
export function duplicateKeyOf(error: unknown): string | undefined {
  const { errno, sqlMessage } = driverError(error);
  if (errno !== DUPLICATE_ENTRY) return undefined;
  return /for key '([^']+)'/.exec(sqlMessage ?? '')?.[1] ?? 'unknown';
}

/** The statement lost against another transaction; the whole transaction may be tried again. */
export function isTransactionConflict(error: unknown): boolean {
  const { errno } = driverError(error);
  return errno === DEADLOCK || errno === LOCK_WAIT_TIMEOUT;
}

/** The node cannot be reached or hung up. */
export function isConnectionError(error: unknown): boolean {
  const { code, message, fatal } = driverError(error);
  return (
    fatal === true ||
    message?.includes('closed state') === true ||
    CONNECTION_CODES.has(code ?? '') ||
    message === 'Queue limit reached.' ||
    message === 'Pool is closed.' ||
    message?.endsWith('does not answer') === true
  );
}

/** A write reached a connection that only reads. */
export function isReadOnlyViolation(error: unknown): boolean {
  const { errno } = driverError(error);
  return errno === READ_ONLY_TRANSACTION || errno === SERVER_READ_ONLY;
}
