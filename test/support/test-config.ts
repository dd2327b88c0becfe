import { AppConfig } from '../../src/config/app-config.js';
import { readEnv } from '../../src/config/read-env.js';

/** Settings of a test, as the environment would give them. */
export type TestEnv = Record<string, string>;

/** What tests change of the defaults: quiet, on ports that the system chooses, and quick. */
const TEST_DEFAULTS: TestEnv = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  API_PORT: '0',
  WORKER_PORT: '0',
  OUTBOX_POLL_INTERVAL: '20ms',
  COUNT_FLUSH_INTERVAL: '100ms',
  // Tests make feeds by hand that the audit would put right.
  FEED_AUDIT_INTERVAL: '24h',
  RATE_LIMITS: 'off',
  // On a machine that is busy with tests a reader should not get the feed without its views now and then.
  REDIS_REQUEST_BUDGET: '1s',
  // Tests share the cluster: the requests of one must not slow the fan-out of another.
  FAN_OUT_YIELDS: 'off',
};

/** The environment of an application under test: where the runner's services are, and what the test asks for. */
export function testEnv(database: string, changes: TestEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...TEST_DEFAULTS, MYSQL_DATABASE: database, ...changes };
}

export const testConfig = (database: string, changes: TestEnv = {}): AppConfig =>
  new AppConfig(readEnv(testEnv(database, changes)));
