import type { Env } from './env.schema.js';

/** The configuration, grouped by who uses it. Durations are in milliseconds unless the name says otherwise. */
export class AppConfig {
  readonly environment: Env['NODE_ENV'];
  readonly logLevel: Env['LOG_LEVEL'];
  readonly http;
  readonly metrics;
  readonly tracing;
  readonly mysql;
  readonly redis;
  readonly auth;
  readonly rateLimits;
  readonly feed;
  readonly posts;
  readonly counts;
  readonly outbox;
  readonly storage;
  readonly media;
  readonly load;

  constructor(env: Env) {
    this.environment = env.NODE_ENV;
    this.logLevel = env.LOG_LEVEL;
    this.http = {
      bindAddress: env.BIND_ADDRESS,
      apiPort: env.API_PORT,
      workerPort: env.WORKER_PORT,
      publicUrl: env.PUBLIC_URL || `http://localhost:${env.API_PORT}`,
      trustedProxies: env.TRUSTED_PROXIES,
      corsOrigins: env.CORS_ORIGINS,
      shutdownDelayMs: env.SHUTDOWN_DELAY,
      shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT,
    };
    this.metrics = { token: env.METRICS_TOKEN };
    this.tracing = {
      exporter: env.OTEL_TRACES_EXPORTER,
      endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
      share: env.OTEL_TRACES_SAMPLER_ARG,
    };
    this.mysql = {
      primary: env.MYSQL_PRIMARY,
      replicas: env.MYSQL_REPLICAS,
      database: env.MYSQL_DATABASE,
      user: env.MYSQL_USER,
      password: env.MYSQL_PASSWORD,
      migrationUser: env.MYSQL_MIGRATION_USER,
      migrationPassword: env.MYSQL_MIGRATION_PASSWORD,
      monitorUser: env.MYSQL_MONITOR_USER,
      monitorPassword: env.MYSQL_MONITOR_PASSWORD,
      operatorUser: env.MYSQL_OPERATOR_USER,
      operatorPassword: env.MYSQL_OPERATOR_PASSWORD,
      replicationUser: env.MYSQL_REPLICATION_USER,
      replicationPassword: env.MYSQL_REPLICATION_PASSWORD,
      replicaMaxLagMs: env.REPLICA_MAX_LAG,
      poolSize: env.MYSQL_POOL_SIZE,
    };
    this.redis = {
      nodes: env.REDIS_NODES,
      requestBudgetMs: env.REDIS_REQUEST_BUDGET,
      requestWaitMs: env.REDIS_REQUEST_WAIT,
    };
    this.auth = {
      keys: env.JWT_KEYS,
      accessTokenTtlMs: env.ACCESS_TOKEN_TTL,
      refreshTokenTtlMs: env.REFRESH_TOKEN_TTL,
    };
    this.rateLimits = {
      enabled: env.RATE_LIMITS,
      requests: env.RATE_LIMIT_REQUESTS,
      registrations: env.RATE_LIMIT_REGISTRATIONS,
      loginFailures: env.RATE_LIMIT_LOGIN_FAILURES,
      addressFailures: env.RATE_LIMIT_ADDRESS_FAILURES,
      accountFailures: env.RATE_LIMIT_ACCOUNT_FAILURES,
    };
    this.feed = {
      unviewedTtlMs: env.FEED_UNVIEWED_TTL,
      viewedTtlMs: env.FEED_VIEWED_TTL,
      idleTtlMs: env.FEED_IDLE_TTL,
      sweepIntervalMs: env.FEED_SWEEP_INTERVAL,
      auditIntervalMs: env.FEED_AUDIT_INTERVAL,
      maxEntries: env.FEED_MAX_ENTRIES,
      buckets: env.FEED_BUCKETS,
      largeAuthorFollowers: env.LARGE_AUTHOR_FOLLOWERS,
      fanOutChunk: env.FAN_OUT_CHUNK,
      fanOutYields: env.FAN_OUT_YIELDS,
    };
    this.posts = { cacheTtlMs: env.POST_CACHE_TTL, missingTtlMs: env.POST_MISSING_TTL };
    this.counts = { flushIntervalMs: env.COUNT_FLUSH_INTERVAL };
    this.outbox = {
      leaseMs: env.OUTBOX_LEASE,
      pollIntervalMs: env.OUTBOX_POLL_INTERVAL,
      maxAttempts: env.OUTBOX_MAX_ATTEMPTS,
      keepFinishedMs: env.OUTBOX_KEEP_FINISHED,
    };
    this.storage = {
      endpoint: env.S3_ENDPOINT,
      publicEndpoint: env.S3_PUBLIC_ENDPOINT || env.S3_ENDPOINT,
      pathStyle: env.S3_PATH_STYLE,
      region: env.S3_REGION,
      bucket: env.S3_BUCKET,
      accessKey: env.S3_ACCESS_KEY,
      secretKey: env.S3_SECRET_KEY,
    };
    this.media = {
      types: env.MEDIA_TYPES,
      maxBytes: { image: env.MEDIA_MAX_IMAGE_SIZE, video: env.MEDIA_MAX_VIDEO_SIZE },
      publicUrl: env.MEDIA_PUBLIC_URL,
      urlTtlMs: env.MEDIA_URL_TTL,
      uploadUrlTtlMs: env.UPLOAD_URL_TTL,
      uploadKeepMs: env.UPLOAD_KEEP,
    };
    this.load = { password: env.LOAD_PASSWORD };
  }
}
