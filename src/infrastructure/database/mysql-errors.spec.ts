import {
  duplicateKeyOf,
  isConnectionError,
  isPoolExhausted,
  isReadOnlyViolation,
  isServerReadOnly,
  isTransactionConflict,
  POOL_TIMEOUT,
} from './mysql-errors.js';

const wrapped = (driverError: object) => Object.assign(new Error('query failed'), { driverError });

describe('MySQL errors', () => {
  it('tell which unique index a row ran into, wrapped by TypeORM or not', () => {
    const error = { errno: 1062, sqlMessage: "Duplicate entry 'x' for key 'users.uq_users_email'" };
    expect(duplicateKeyOf(error)).toBe('users.uq_users_email');
    expect(duplicateKeyOf(wrapped(error))).toBe('users.uq_users_email');
    expect(duplicateKeyOf({ errno: 1213 })).toBeUndefined();
    expect(duplicateKeyOf(new Error('x'))).toBeUndefined();
  });

  it.each([
    ['a deadlock', { errno: 1213 }, 'conflict'],
    ['a lock wait that took too long', { errno: 1205 }, 'conflict'],
    ['a write in a read-only transaction', { errno: 1792 }, 'read-only'],
    ['a write on a read-only server', { errno: 1290 }, 'read-only'],
    ['a write on a server that was made read-only', { errno: 1836 }, 'read-only'],
    ['a refused connection', { code: 'ECONNREFUSED' }, 'connection'],
    ['a lost connection', { code: 'PROTOCOL_CONNECTION_LOST' }, 'connection'],
    ['a full queue', { message: 'Queue limit reached.' }, 'connection'],
    ['a syntax error', { errno: 1064, code: 'ER_PARSE_ERROR' }, 'another'],
    ['nothing', null, 'another'],
  ])('tell %s from the others', (_, error, kind) => {
    for (const given of error ? [error, wrapped(error)] : [error]) {
      expect([isTransactionConflict(given), isReadOnlyViolation(given), isConnectionError(given)]).toEqual(
        ['conflict', 'read-only', 'connection'].map((one) => one === kind),
      );
    }
  });

  it('tell a pool that is used up from a server that is away', () => {
    expect(isPoolExhausted({ code: POOL_TIMEOUT })).toBe(true);
    expect(isPoolExhausted({ message: 'Queue limit reached.' })).toBe(true);
    expect(isPoolExhausted({ code: 'ECONNREFUSED' })).toBe(false);
  });

  it('tell a server that takes no writes from a connection that was opened for reading', () => {
    expect(isServerReadOnly({ errno: 1290 })).toBe(true);
    expect(isServerReadOnly({ errno: 1792 })).toBe(false);
  });
});
