import { SETTINGS } from './env.schema.js';
import { ConfigError, readEnv } from './read-env.js';

const production = {
  NODE_ENV: 'production',
  MYSQL_PASSWORD: 'one',
  MYSQL_MIGRATION_PASSWORD: 'two',
  MYSQL_MONITOR_PASSWORD: 'two',
  LOAD_PASSWORD: 'three-three',
  S3_ACCESS_KEY: 'four',
  S3_SECRET_KEY: 'five',
  METRICS_TOKEN: 's'.repeat(16),
  JWT_KEYS: `k1:${'s'.repeat(32)}`,
};
const messageOf = (env: NodeJS.ProcessEnv): string => {
  try {
    readEnv(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe(readEnv.name, () => {
  it('needs nothing set in development', () => {
    expect(readEnv({})).toMatchObject({
      NODE_ENV: 'development',
      API_PORT: 3000,
      WORKER_PORT: 3001,
      LOG_LEVEL: 'info',
      RATE_LIMITS: true,
      FEED_UNVIEWED_TTL: 7 * 86_400_000,
      FEED_VIEWED_TTL: 86_400_000,
      FEED_IDLE_TTL: 8 * 86_400_000,
      FEED_MAX_ENTRIES: 800,
      FEED_BUCKETS: 1_024,
    });
  });

  it('reads addresses and keys', () => {
    const env = readEnv({
      MYSQL_REPLICAS: 'a:1, b.c:65535',
      REDIS_NODES: '127.0.0.1:7001',
      JWT_KEYS: `new:${'n'.repeat(32)},old:${'o'.repeat(40)}`,
      PUBLIC_URL: 'https://sns.example.test/',
    });
    expect(env.MYSQL_REPLICAS).toEqual([
      { host: 'a', port: 1 },
      { host: 'b.c', port: 65_535 },
    ]);
    expect(env.REDIS_NODES).toEqual([{ host: '127.0.0.1', port: 7_001 }]);
    expect(env.JWT_KEYS.map(({ kid }) => kid)).toEqual(['new', 'old']);
    expect(env.PUBLIC_URL).toBe('https://sns.example.test');
    expect(readEnv({ MYSQL_REPLICAS: '' }).MYSQL_REPLICAS).toEqual([]);
  });

  it.each([
    ['NODE_ENV', 'staging'],
    ['LOG_LEVEL', 'loud'],
    ['API_PORT', '65536'],
    ['API_PORT', '-1'],
    ['API_PORT', '3e3'],
    ['API_PORT', ''],
    ['SHUTDOWN_TIMEOUT', '20'],
    ['MYSQL_PRIMARY', 'localhost'],
    ['MYSQL_PRIMARY', 'localhost:0'],
    ['MYSQL_PRIMARY', 'a:1,b:2'],
    ['MYSQL_REPLICAS', 'a:1,,b:2'],
    ['REDIS_NODES', 'redis://a:1'],
    ['JWT_KEYS', 'k1:too-short'],
    ['JWT_KEYS', 's'.repeat(40)],
    ['PUBLIC_URL', 'ftp://example.test'],
    ['PUBLIC_URL', 'example.test'],
    ['FEED_MAX_ENTRIES', '0'],
    ['FEED_BUCKETS', '16385'],
    ['FAN_OUT_CHUNK', '1.5'],
    ['RATE_LIMITS', 'maybe'],
    ['S3_ENDPOINT', '127.0.0.1:9000'],
    ['MEDIA_TYPES', 'image/png,image/svg+xml'],
    ['MEDIA_TYPES', 'text/html'],
    ['MEDIA_MAX_IMAGE_SIZE', '20'],
    ['MEDIA_MAX_VIDEO_SIZE', '6GB'],
  ])('refuses %s=%j in one line that names the variable and not its value', (name, value) => {
    const message = messageOf({ [name]: value });
    expect(message).toMatch(new RegExp(`^${name} must be .+$`));
    const expectation = message.slice(name.length);
    expect(value.length > 3 && expectation.includes(value)).toBe(false);
  });

  it('refuses lives of feed entries that contradict each other', () => {
    expect(messageOf({ FEED_VIEWED_TTL: '8d' })).toContain('FEED_VIEWED_TTL');
    expect(messageOf({ FEED_VIEWED_TTL: '7d' })).toBe('accepted');
    expect(messageOf({ FEED_IDLE_TTL: '7d' })).toContain('FEED_IDLE_TTL');
    expect(messageOf({ FEED_UNVIEWED_TTL: '8d' })).toContain('FEED_IDLE_TTL');
  });

  it('refuses a life of viewed entries that is no longer than the pull looks back', () => {
    for (const ttl of ['500ms', '1s', '20s']) {
      expect(messageOf({ FEED_VIEWED_TTL: ttl })).toBe('FEED_VIEWED_TTL must be longer than REPLICA_MAX_LAG and 15s');
    }
    expect(messageOf({ FEED_VIEWED_TTL: '21s' })).toBe('accepted');
    expect(messageOf({ FEED_VIEWED_TTL: '21s', REPLICA_MAX_LAG: '6s' })).toContain('FEED_VIEWED_TTL');
  });

  it('refuses lives of uploads and of their addresses that contradict each other', () => {
    expect(messageOf({ UPLOAD_KEEP: '30m' })).toContain('UPLOAD_KEEP');
    expect(messageOf({ UPLOAD_KEEP: '31m' })).toBe('accepted');
    expect(messageOf({ MEDIA_URL_TTL: '8d' })).toContain('MEDIA_URL_TTL');
    expect(messageOf({ UPLOAD_URL_TTL: '8d', UPLOAD_KEEP: '9d' })).toContain('UPLOAD_URL_TTL');
  });

  describe('in production', () => {
    it('accepts an environment with secrets of its own', () => {
      expect(messageOf(production)).toBe('accepted');
    });

    it.each([
      'MYSQL_PASSWORD',
      'MYSQL_MIGRATION_PASSWORD',
      'MYSQL_MONITOR_PASSWORD',
      'LOAD_PASSWORD',
      'S3_ACCESS_KEY',
      'S3_SECRET_KEY',
      'JWT_KEYS',
    ] as const)('refuses the public default of %s, left out or written out', (name) => {
      expect(messageOf({ ...production, [name]: undefined })).toMatch(new RegExp(`^${name} `));
      expect(messageOf({ ...production, [name]: SETTINGS[name].fallback })).toMatch(new RegExp(`^${name} `));
    });

    it.each([
      ['beside another', (known: string) => `k1:${'s'.repeat(32)},development:${known}`],
      ['under another name', (known: string) => `k1:${known}`],
      ['with spaces around', (known: string) => ` development:${known} `],
    ])('refuses the public signing key %s', (_, keys) => {
      const [, known] = SETTINGS.JWT_KEYS.fallback.split(':');
      expect(messageOf({ ...production, JWT_KEYS: keys(known!) })).toMatch(/^JWT_KEYS must /);
    });

    it('refuses a public default as any secret that has one', () => {
      const other = SETTINGS.S3_SECRET_KEY.fallback;
      expect(messageOf({ ...production, MYSQL_PASSWORD: other })).toMatch(/^MYSQL_PASSWORD must /);
      expect(messageOf({ ...production, MYSQL_DATABASE: other })).toBe('accepted');
    });

    it('refuses to show media by addresses that end with the credentials of the machine', () => {
      const ofTheMachine = { ...production, S3_ACCESS_KEY: '', S3_SECRET_KEY: '' };
      expect(messageOf(ofTheMachine)).toMatch(/^S3_ACCESS_KEY must .*MEDIA_PUBLIC_URL/);
      expect(messageOf({ ...ofTheMachine, MEDIA_PUBLIC_URL: 'https://cdn.example.test' })).toBe('accepted');
    });

    it('refuses metrics that everybody may read', () => {
      expect(messageOf({ ...production, METRICS_TOKEN: undefined })).toMatch(/^METRICS_TOKEN /);
      expect(messageOf({ ...production, METRICS_TOKEN: 'short' })).toMatch(/^METRICS_TOKEN /);
    });

    it('refuses to run without rate limits', () => {
      expect(messageOf({ ...production, RATE_LIMITS: 'off' })).toContain('RATE_LIMITS');
    });
  });

  it('describes every setting and accepts every default', () => {
    for (const [name, { schema, fallback, description }] of Object.entries(SETTINGS)) {
      expect([name, schema.safeParse(fallback).success, description.length > 3]).toEqual([name, true, true]);
    }
  });
});
