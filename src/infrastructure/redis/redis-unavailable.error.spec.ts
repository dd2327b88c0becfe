import { asRedisError, RedisUnavailableError } from './redis-unavailable.error.js';

const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

describe(asRedisError.name, () => {
  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    "OOM command not allowed when used memory > 'maxmemory'. script: 3b1c, on @user_script:6.",
    "ERR Error running script (call to f_3b1c): @user_script:6: @user_script: 6: -OOM command not allowed when used memory > 'maxmemory'.",
    'CLUSTERDOWN Hash slot not served',
    'MOVED 42 127.0.0.1:7002',
    'ASK 42 127.0.0.1:7002',
    'NOSCRIPT No matching script. Please use EVAL.',
    'LOADING Redis is loading the dataset in memory',
    'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
    'BUSY Redis is busy running a script.',
  ])('takes a node that cannot for one that does not answer: %s', (message) => {
    expect(asRedisError(reply(message))).toBeInstanceOf(RedisUnavailableError);
  });

  it.each([
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'BUSYGROUP exists',
    'ERR unknown command',
  ])('shows a mistake as it is: %s', (message) => {
    const error = reply(message);
    expect(asRedisError(error)).toBe(error);
  });
});
