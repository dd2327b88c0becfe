/** MySQL's error numbers that the service acts on. https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html */
const UNKNOWN_DATABASE = 1049;
const DUPLICATE_ENTRY = 1062;
const TABLE_ACCESS_DENIED = 1142;
const UNKNOWN_TABLE = 1146;
const LOCK_WAIT_TIMEOUT = 1205;
const DEADLOCK = 1213;
const READ_ONLY_TRANSACTION = 1792;
const SERVER_READ_ONLY = 1290;
const READ_ONLY_MODE = 1836;

/** Our own: the pool had no connection to spare for too long. */
export const POOL_TIMEOUT = 'POOL_TIMEOUT';
/** mysql2's message when too many wait for a connection already. */
export const QUEUE_FULL = 'Queue limit reached.';

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
    message === QUEUE_FULL ||
    message === 'Pool is closed.' ||
    message?.endsWith('does not answer') === true
  );
}

/** The table is not there, or not for this user, which MySQL does not tell apart. */
export function isUnknownTable(error: unknown): boolean {
  return [UNKNOWN_DATABASE, TABLE_ACCESS_DENIED, UNKNOWN_TABLE].includes(driverError(error).errno ?? 0);
}

/** The node is there, but has no connection to spare. */
export function isPoolExhausted(error: unknown): boolean {
  const { code, message } = driverError(error);
  return code === POOL_TIMEOUT || message === QUEUE_FULL;
}

/** The server takes no writes from anybody: it is a replica, or no longer the primary. */
export function isServerReadOnly(error: unknown): boolean {
  const { errno } = driverError(error);
  return errno === SERVER_READ_ONLY || errno === READ_ONLY_MODE;
}

/** A write reached a connection that only reads. */
export function isReadOnlyViolation(error: unknown): boolean {
  return driverError(error).errno === READ_ONLY_TRANSACTION || isServerReadOnly(error);
}
