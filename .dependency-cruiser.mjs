/** Who may import whom; each rule is an error. The rooms are described in docs/architecture.md. */
const MODULES = 'auth|comments|feeds|follows|likes|media|post-counts|posts|users';

/** What each feature may import; follows and media import none, and nothing points back. */
const MAY_IMPORT = {
  follows: [],
  media: [],
  'post-counts': [],
  users: ['media', 'follows'],
  auth: ['users'],
  comments: ['users', 'post-counts'],
  likes: ['users', 'post-counts'],
  posts: ['media', 'follows', 'users', 'post-counts', 'comments', 'likes'],
  feeds: ['media', 'follows', 'users', 'post-counts', 'comments', 'likes', 'posts'],
};

const others = (name) =>
  MODULES.split('|')
    .filter((other) => other !== name && !MAY_IMPORT[name].includes(other))
    .join('|');

const only = (packageName, rooms, comment) => ({
  name: `${packageName}-only-in-its-room`,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: rooms },
  to: { path: `node_modules/${packageName}/` },
});

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'common-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/common/' },
      to: { path: '^src/(?!common/)' },
    },
    {
      name: 'config-imports-common-only',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/(?!config/|common/)' },
    },
    {
      name: 'infrastructure-never-looks-up',
      severity: 'error',
      from: { path: '^src/infrastructure/' },
      to: { path: '^src/(?!infrastructure/|config/|common/)' },
    },
    {
      name: 'modules-have-doors',
      comment: 'Another module is entered only through its .module, .reader, .writer, .views or .events.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/', pathNot: ['^src/modules/$1/', '\\.(module|reader|writer|views|events)\\.ts$'] },
    },
    ...Object.keys(MAY_IMPORT).map((name) => ({
      name: `${name}-imports-one-way`,
      severity: 'error',
      from: { path: `^src/modules/${name}/` },
      to: { path: `^src/modules/(${others(name)})/` },
    })),
    {
      name: 'tools-use-doors',
      comment: 'Tools enter modules as modules enter each other.',
      severity: 'error',
      from: { path: '^src/tools/' },
      to: { path: '^src/modules/', pathNot: ['\\.(module|reader|writer|views|events)\\.ts$'] },
    },
    {
      name: 'nobody-imports-tools',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(tools/|load\\.ts|mysql\\.ts|outbox\\.ts)' },
      to: { path: '^src/tools/' },
    },
    only(
      'typeorm',
      ['\\.(repository|entity)\\.ts$', '^src/infrastructure/database/', '^src/infrastructure/outbox/'],
      'SQL is written in repositories.',
    ),
    only(
      'mysql2',
      ['^src/infrastructure/database/', '^src/tools/mysql-topology/'],
      'Connections are made in one place, but for those of the operator, who talks to each server by itself.',
    ),
    only('ioredis', ['^src/infrastructure/redis/'], 'Redis is reached through its executor.'),
    only('@aws-sdk', ['^src/infrastructure/storage/'], 'The object store is reached through its room.'),
    only(
      '@opentelemetry',
      ['^src/infrastructure/tracing/'],
      'Traces are made in one place, and loaded only when they are.',
    ),
    only('prom-client', ['^src/infrastructure/metrics/'], 'Metrics come from the factory.'),
    {
      name: 'tests-stay-out-of-the-product',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'the-oracle-knows-the-contract-only',
      comment: 'What tells right from wrong shares no mistake with what it judges.',
      severity: 'error',
      from: { path: '^test/oracle/' },
      to: { path: '^src/modules/', reachable: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
