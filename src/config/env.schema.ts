import { z } from 'zod';
import { MEDIA_TYPES } from '../common/media-types.js';
import {
  address,
  addresses,
  addressRanges,
  baseUrl,
  budget,
  byteSize,
  duration,
  mediaTypes,
  oneOf,
  origins,
  port,
  share,
  signingKeys,
  text,
  toggle,
  wholeNumber,
} from './setting-types.js';

interface Setting<S extends z.ZodType> {
  schema: S;
  /** As it would be written in the environment, unit included. */
  fallback: string;
  description: string;
}

const setting = <S extends z.ZodType>(schema: S, fallback: string, description: string): Setting<S> => ({
  schema,
  fallback,
  description,
});

const DEVELOPMENT_PASSWORD = 'sns-development';
const DEVELOPMENT_SECRET_KEY = 'sns-development-secret';
const DEVELOPMENT_SIGNING_SECRET = 'sns-development-signing-key-not-for-production';

/** Secrets that ship with the repository: good for a laptop, refused in production. */
export const DEVELOPMENT_SECRETS: readonly string[] = [
  DEVELOPMENT_PASSWORD,
  DEVELOPMENT_SECRET_KEY,
  DEVELOPMENT_SIGNING_SECRET,
];

/** What one request may put into an object store. */
const MAX_OBJECT_BYTES = 5 * 1_024 ** 3;

/**
 * Every setting of the service. `.env.example` is checked against this list by a test, so none can be added
 * without being documented.
 */
export const SETTINGS = {
  NODE_ENV: setting(oneOf('development', 'test', 'production'), 'development', 'kind of deployment'),
  LOG_LEVEL: setting(
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'least severe level that is logged',
  ),
  BIND_ADDRESS: setting(text(), '127.0.0.1', 'address that the API and the worker listen on'),
  API_PORT: setting(port(), '3000', 'port of the API'),
  WORKER_PORT: setting(port(), '3001', "port of the worker's metrics and health"),
  PUBLIC_URL: setting(
    baseUrl(),
    '',
    'start of absolute links, as clients reach the API; empty: http://localhost:API_PORT',
  ),
  TRUSTED_PROXIES: setting(
    addressRanges(),
    '',
    'addresses of the proxies whose X-Forwarded-For counts, comma-separated; empty: none',
  ),
  CORS_ORIGINS: setting(origins(), '', 'web origins that browsers may call the API from, comma-separated; empty: none'),
  METRICS_TOKEN: setting(
    text(),
    '',
    'who scrapes /metrics sends this as a bearer token; empty: everybody may, which production refuses',
  ),
  SHUTDOWN_DELAY: setting(
    duration(),
    '1ms',
    'how long the API goes on taking requests after SIGTERM, no longer ready, so that a balancer has time to notice',
  ),
  SHUTDOWN_TIMEOUT: setting(duration(), '20s', 'how long requests and jobs in flight may take to finish on SIGTERM'),

  OTEL_TRACES_EXPORTER: setting(
    oneOf('none', 'otlp'),
    'none',
    'none or otlp; whether traces are made, and sent to a collector of OpenTelemetry',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(
    baseUrl(),
    'http://127.0.0.1:4318',
    'address of that collector (OTLP over HTTP); OTEL_EXPORTER_OTLP_HEADERS and the like and OTEL_SERVICE_NAME count too',
  ),
  OTEL_TRACES_SAMPLER_ARG: setting(
    share(),
    '1',
    'share of the traces that are made, from 0 to 1; who begins a trace decides for all its parts',
  ),

  MYSQL_PRIMARY: setting(address(), '127.0.0.1:13306', 'host:port of the primary'),
  MYSQL_REPLICAS: setting(
    addresses(),
    '127.0.0.1:13307,127.0.0.1:13308',
    'host:port of each read replica, comma-separated; empty: the primary serves the reads too',
  ),
  MYSQL_DATABASE: setting(text(), 'sns', 'schema'),
  MYSQL_USER: setting(text(), 'sns_app', 'user of the API and the worker; needs rights on rows, none on tables'),
  MYSQL_PASSWORD: setting(text(), DEVELOPMENT_PASSWORD, 'its password'),
  MYSQL_MIGRATION_USER: setting(text(), 'sns_migrator', 'user that runs migrations'),
  MYSQL_MIGRATION_PASSWORD: setting(text(), DEVELOPMENT_PASSWORD, 'its password'),
  MYSQL_MONITOR_USER: setting(text(), 'sns_monitor', 'user that asks replicas how far behind they are'),
  MYSQL_MONITOR_PASSWORD: setting(text(), DEVELOPMENT_PASSWORD, 'its password'),
  MYSQL_OPERATOR_USER: setting(text(), 'sns_operator', 'user that `npm run mysql` promotes and rejoins servers as'),
  // Without a default, so that production does not make every process hold what only one command needs.
  MYSQL_OPERATOR_PASSWORD: setting(text(), '', 'its password; only `npm run mysql` needs it'),
  MYSQL_REPLICATION_USER: setting(text(), 'sns_replication', 'user that replicas fetch from the primary as'),
  MYSQL_REPLICATION_PASSWORD: setting(text(), '', 'its password; only `npm run mysql` needs it'),
  REPLICA_MAX_LAG: setting(duration(), '5s', 'a replica that is further behind serves no reads'),
  MYSQL_POOL_SIZE: setting(wholeNumber(1, 1_000), '10', 'connections that a process opens to each node at most'),

  REDIS_NODES: setting(
    addresses(),
    '127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003,127.0.0.1:7004,127.0.0.1:7005,127.0.0.1:7006',
    'host:port of some nodes of the Redis Cluster, comma-separated; the others are discovered',
  ),
  REDIS_REQUEST_BUDGET: setting(
    duration(),
    '100ms',
    'how long one request may wait for Redis in all before it goes on without',
  ),
  REDIS_REQUEST_WAIT: setting(
    duration(),
    '3ms',
    'what nine in ten calls of Redis by requests should not take longer than; fan-out yields to them',
  ),

  JWT_KEYS: setting(
    signingKeys(),
    `development:${DEVELOPMENT_SIGNING_SECRET}`,
    'kid:secret, comma-separated, secrets of at least 32 characters; the first signs, all verify',
  ),
  ACCESS_TOKEN_TTL: setting(duration(), '15m', 'life of an access token'),
  REFRESH_TOKEN_TTL: setting(duration(), '30d', 'life of a refresh token'),

  RATE_LIMITS: setting(toggle(), 'on', 'on or off; off is for load tests and refused in production'),
  RATE_LIMIT_REQUESTS: setting(budget(), '1200/1m', 'requests of one user, or of one address without a token'),
  RATE_LIMIT_REGISTRATIONS: setting(budget(), '300/1h', 'registrations from one address'),
  RATE_LIMIT_LOGIN_FAILURES: setting(budget(), '10/15m', 'failed logins to one account from one address'),
  RATE_LIMIT_ADDRESS_FAILURES: setting(budget(), '100/15m', 'failed logins from one address, to whatever accounts'),
  RATE_LIMIT_ACCOUNT_FAILURES: setting(
    budget(),
    '100/5m',
    'failed logins to one account from addresses that it has not been used from',
  ),

  FEED_UNVIEWED_TTL: setting(duration(), '7d', "life of a feed entry, counted from the post's creation"),
  FEED_VIEWED_TTL: setting(duration(), '1d', 'longest life of a feed entry, counted from its first showing'),
  FEED_IDLE_TTL: setting(duration(), '8d', 'a feed that nobody has read for this long is removed'),
  FEED_SWEEP_INTERVAL: setting(duration(), '1s', 'how often a worker goes on expiring entries of feeds nobody reads'),
  FEED_AUDIT_INTERVAL: setting(duration(), '1s', 'how often a worker goes on comparing feeds with MySQL'),
  FEED_MAX_ENTRIES: setting(wholeNumber(1, 10_000), '800', 'entries that a feed holds at most'),
  FEED_BUCKETS: setting(
    wholeNumber(1, 16_384),
    '1024',
    'hash tags that feeds are spread over; fixed for the life of a deployment',
  ),
  LARGE_AUTHOR_FOLLOWERS: setting(
    wholeNumber(1, 1_000_000_000),
    '100000',
    'authors with this many followers are not fanned out; their posts are pulled by who reads',
  ),
  FAN_OUT_CHUNK: setting(wholeNumber(1, 100_000), '10000', 'followers that are served between two saved cursors'),
  FAN_OUT_YIELDS: setting(toggle(), 'on', 'whether fan-out slows down while requests wait for Redis'),

  POST_CACHE_TTL: setting(duration(), '1h', 'how long a post and its counts stay cached, give or take a tenth'),
  POST_MISSING_TTL: setting(duration(), '10s', 'how long it is remembered that a post does not exist'),

  COUNT_FLUSH_INTERVAL: setting(duration(), '2s', 'how often changed like and comment counts are written back'),

  OUTBOX_LEASE: setting(duration(), '30s', 'how long a worker owns a job before another may take it over'),
  OUTBOX_POLL_INTERVAL: setting(duration(), '100ms', 'how often an idle worker looks for jobs'),
  OUTBOX_MAX_ATTEMPTS: setting(
    wholeNumber(1, 1_000),
    '20',
    'tries of a job that fails by itself, without any progress, before it is parked; 20 take most of an hour. Outages do not count',
  ),
  OUTBOX_KEEP_FINISHED: setting(duration(), '1h', 'how long finished jobs are kept'),

  S3_ENDPOINT: setting(
    baseUrl(),
    'http://127.0.0.1:9000',
    "address of the object store; empty: the cloud provider's, by its region",
  ),
  S3_PUBLIC_ENDPOINT: setting(
    baseUrl(),
    '',
    'the same as clients reach it, where that is another; presigned addresses begin with it; empty: S3_ENDPOINT',
  ),
  S3_PATH_STYLE: setting(
    toggle(),
    'on',
    'on or off; whether the bucket is in the path of addresses or in their host name',
  ),
  S3_REGION: setting(text(), 'us-east-1', 'region of the object store'),
  S3_BUCKET: setting(text(), 'sns-media', 'bucket of all media'),
  S3_ACCESS_KEY: setting(
    text(),
    DEVELOPMENT_PASSWORD,
    'access key; empty: that of the machine, as the AWS SDK finds it, which production takes with MEDIA_PUBLIC_URL only',
  ),
  S3_SECRET_KEY: setting(text(), DEVELOPMENT_SECRET_KEY, 'its secret'),

  MEDIA_TYPES: setting(
    mediaTypes(),
    'image/jpeg,image/png,image/gif,image/webp,video/mp4,video/webm',
    `types that may be uploaded, comma-separated, of ${Object.keys(MEDIA_TYPES).join(', ')}`,
  ),
  MEDIA_MAX_IMAGE_SIZE: setting(byteSize(MAX_OBJECT_BYTES), '20MB', 'size of an image at most'),
  MEDIA_MAX_VIDEO_SIZE: setting(byteSize(MAX_OBJECT_BYTES), '512MB', 'size of a video at most'),
  MEDIA_PUBLIC_URL: setting(
    baseUrl(),
    '',
    'where everybody can read published media, such as a CDN; empty: by presigned addresses',
  ),
  MEDIA_URL_TTL: setting(
    duration(),
    '2d',
    'how long a presigned address of a medium lasts at most; it stays the same for the first half, and lasts half as long at least',
  ),
  UPLOAD_URL_TTL: setting(duration(), '30m', 'how long an upload may begin after it was asked for'),
  UPLOAD_KEEP: setting(duration(), '1d', 'how long an upload can be attached; then it is removed'),

  LOAD_PASSWORD: setting(text(), DEVELOPMENT_PASSWORD, 'password of the users that `npm run load` makes'),
} as const;

type Settings = typeof SETTINGS;
/** The checked environment, before it is grouped; see `AppConfig`. */
export type Env = { [Name in keyof Settings]: z.output<Settings[Name]['schema']> };
