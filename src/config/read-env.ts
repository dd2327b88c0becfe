import { DEVELOPMENT_SECRETS, SETTINGS, type Env } from './env.schema.js';
import { LATE_COMMIT_MS } from './limits.js';

/** Longest life of an address that is signed with Signature Version 4. */
const MAX_SIGNED_MS = 7 * 86_400_000;

/** The environment does not make a valid configuration. The message names the variable and never its value. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads and checks the environment; the only place that sees `process.env`.
 *
 * @throws ConfigError naming the first variable that is wrong
 */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const env: Record<string, unknown> = {};
  for (const [name, { schema, fallback }] of Object.entries(SETTINGS)) {
    const result = schema.safeParse(source[name] ?? fallback);
    if (!result.success) throw new ConfigError(`${name} ${result.error.issues[0]!.message}`);
    env[name] = result.data;
  }
  checkTogether(env as Env);
  return env as Env;
}

/** Rules that span variables. */
function checkTogether(env: Env): void {
  if (env.FEED_VIEWED_TTL > env.FEED_UNVIEWED_TTL) {
    throw new ConfigError('FEED_VIEWED_TTL must not be longer than FEED_UNVIEWED_TTL');
  }
  if (env.FEED_VIEWED_TTL <= LATE_COMMIT_MS + env.REPLICA_MAX_LAG) {
    // Else a post of a large author, looked at again because others may still come in below it, could be gone already.
    throw new ConfigError(`FEED_VIEWED_TTL must be longer than REPLICA_MAX_LAG and ${LATE_COMMIT_MS / 1_000}s`);
  }
  if (env.FEED_IDLE_TTL <= env.FEED_UNVIEWED_TTL) {
    throw new ConfigError('FEED_IDLE_TTL must be longer than FEED_UNVIEWED_TTL');
  }
  if (env.MEDIA_URL_TTL > MAX_SIGNED_MS) throw new ConfigError('MEDIA_URL_TTL must not be longer than 7d');
  if (env.UPLOAD_URL_TTL > MAX_SIGNED_MS) throw new ConfigError('UPLOAD_URL_TTL must not be longer than 7d');
  if (env.UPLOAD_KEEP <= env.UPLOAD_URL_TTL) throw new ConfigError('UPLOAD_KEEP must be longer than UPLOAD_URL_TTL');
  if (env.NODE_ENV !== 'production') return;
  if (!env.RATE_LIMITS) throw new ConfigError('RATE_LIMITS must be on in production');
  if (env.METRICS_TOKEN.length < 16)
    throw new ConfigError('METRICS_TOKEN must have 16 characters at least in production');
  if (env.S3_ACCESS_KEY === '' && env.MEDIA_PUBLIC_URL === '') {
    // What a machine is lent ends within hours, and with it every address that it signed; media are shown by the same ones for a day.
    throw new ConfigError('S3_ACCESS_KEY must be set in production where MEDIA_PUBLIC_URL is not');
  }
  if (env.JWT_KEYS.some(({ secret }) => isPublic(secret))) {
    throw new ConfigError('JWT_KEYS must not hold the key of development in production: it is public');
  }
  for (const [name, { fallback }] of Object.entries(SETTINGS)) {
    if (isPublic(fallback) && isPublic(env[name as keyof Env])) {
      throw new ConfigError(`${name} must be set in production, and to no public default`);
    }
  }
}

const isPublic = (value: unknown): boolean => DEVELOPMENT_SECRETS.some((secret) => secret === value);
