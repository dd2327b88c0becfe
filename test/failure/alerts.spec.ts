import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Redis } from 'ioredis';
import { parse } from 'yaml';
import { Monitoring } from '../support/monitoring.js';
import { startProcess } from '../support/processes.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import { testEnv } from '../support/test-config.js';

/** A heap that is filled soon, and whose limit is that of its old generation: two megabytes are for what is new. */
const SMALL_HEAP = '--max-old-space-size=160 --max-semi-space-size=1';
/** Who computes all the time needs a processor for it, which others on the machine may have. */
const PATIENCE_MS = 60_000;
const MISBEHAVE = `--import ${pathToFileURL(join(import.meta.dirname, '../support/misbehave.mjs')).href}`;

type Labels = Record<string, string>;

interface Rules {
  groups: { rules: { alert?: string; labels?: Labels }[] }[];
}

const RULES = join(import.meta.dirname, '../../prometheus/rules');
const rules = readdirSync(RULES).flatMap((file) =>
  (parse(readFileSync(join(RULES, file), 'utf8')) as Rules).groups.flatMap((group) => group.rules),
);

const MYSQL_AS_A_WHOLE = ['HighErrorRate', 'AvailabilityBurnFast', 'SemiSyncFallenBack', 'CountFlushStalled'];
/** A cause and what follows from it, of which nothing else does. */
const WITNESSES: Labels[] = [
  { alertname: 'HostCpuHigh', host: 'a machine' },
  { ...labelsOf('EventLoopLag'), host: 'a machine' },
];

/** Each alert is made to happen, with the rules of production (seconds stand for minutes), and mailed, and its end too. */
describe('Alerts are mailed when', () => {
  let app: TestApp;
  let monitoring: Monitoring;

  beforeAll(async () => {
    app = await TestApp.start({ env: { MYSQL_POOL_SIZE: '2' } });
    monitoring = await Monitoring.start({ api: app.api.url, worker: app.workerUrl });
    await until(() => monitoring.value('min(up) == 1'), { what: 'every target to be scraped', timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await monitoring?.stop();
    await app?.close();
  });

  /** On a machine that others keep busy nobody can. */
  const freeProcessor = () =>
    until(() => monitoring.value('sum(rate(node_cpu_seconds_total{mode="idle"}[4s])) > 0.9'), {
      what: 'a free processor',
      timeoutMs: 2 * PATIENCE_MS,
    });

  /** Makes requests again and again, so many at once, until a promise is settled. */
  async function during<T>(work: Promise<T>, request: () => Promise<unknown>, atOnce: number): Promise<T> {
    let over = false;
    const repeat = async () => {
      while (!over) await request();
    };
    const repeated = Promise.all(Array.from({ length: atOnce }, repeat));
    try {
      return await work;
    } finally {
      over = true;
      await repeated;
    }
  }

  it('a server is down, and when it is back', async () => {
    await services.whileDead('mysql-replica-2', async () => {
      const { text } = await monitoring.mail('MysqlDown', 'FIRING');
      expect(text).toContain('docs/operations.md#alert-mysqldown');
    });
    expect((await monitoring.mail('MysqlDown', 'RESOLVED')).text).toContain('RESOLVED MysqlDown');
  });

  it('a node of Redis is down, and when it is back', async () => {
    await services.whileDead('redis-6', () => monitoring.mail('RedisDown', 'FIRING'));
    expect((await monitoring.mail('RedisDown', 'RESOLVED')).subject).toContain('critical');
  });

  it('the object store is down, and when it is back', async () => {
    await services.whileDead('object-store', () => monitoring.mail('ObjectStoreDown', 'FIRING'));
    expect((await monitoring.mail('ObjectStoreDown', 'RESOLVED')).subject).toContain('critical');
  });

  it.each([
    ['a replica of MySQL', 'mysql-replica-2', 'MysqlDown'],
    ['a node of Redis', 'redis-6', 'RedisDown'],
  ])(
    'requests fail while %s is down, which does not explain it, and when they do not any more',
    async (_, node, down) => {
      const me = await app.api.register();
      const ask = () => me.request('GET', `/v1/users/${me.id}/followers`);
      await monitoring.clearMails();
      await app.database.execute('RENAME TABLE follows TO follows_away');
      await app.database.replicated();
      try {
        expect((await ask()).status).toBe(500);
        await services.whileDead(node, async () => {
          await until(() => monitoring.fires(down), { what: `Alertmanager to know of ${down}`, timeoutMs: 30_000 });
          await during(monitoring.mail('HighErrorRate', 'FIRING'), ask, 1);
        });
      } finally {
        await app.database.execute('RENAME TABLE follows_away TO follows');
        await app.database.replicated();
      }
      await during(monitoring.mail('HighErrorRate', 'RESOLVED'), ask, 1);
      await monitoring.mail(down, 'RESOLVED');
    },
    2 * PATIENCE_MS,
  );

  it('every job of a type fails, long before any is parked, and when they are done', async () => {
    const me = await app.api.register();
    const failed = async () =>
      (await app.database.query("SELECT 1 FROM outbox_events WHERE state = 'pending' AND lane = 'live'")).length === 0;
    const postInVain = async () => {
      await me.post();
      await until(failed, { what: 'the first try to fail' });
    };
    await app.settle();
    await app.database.execute('RENAME TABLE follows TO follows_away');
    try {
      await during(monitoring.mail('JobsFailing', 'FIRING'), postInVain, 1);
    } finally {
      await app.database.execute('RENAME TABLE follows_away TO follows');
      await app.database.replicated();
    }
    expect((await monitoring.mail('JobsFailing', 'RESOLVED', PATIENCE_MS)).subject).toContain('critical');
  });

  it('a pool is used up, and when it is not any more', async () => {
    const me = await app.api.register();
    const others = await app.api.registerMany(4);
    const lock = await app.database.connect();
    try {
      await lock.beginTransaction();
      await lock.query('SELECT 1 FROM users WHERE id = ? FOR UPDATE', [me.id]);
      let next = 0;
      const follow = () => others[next++ % others.length]!.request('PUT', `/v1/users/${me.id}/follow`);
      await during(monitoring.mail('PoolExhausted', 'FIRING'), follow, 8);
    } finally {
      lock.destroy();
    }
    expect((await monitoring.mail('PoolExhausted', 'RESOLVED')).subject).toContain('critical');
  });

  it('a node of Redis is nearly full, and when it has room again', async () => {
    const [node] = app.redis.clients.for('background').nodes('master') as [Redis];
    const [, before] = (await node.config('GET', 'maxmemory')) as [string, string];
    const used = Number(/used_memory:(\d+)/.exec(await node.info('memory'))![1]);
    await node.config('SET', 'maxmemory', Math.round(used * 1.05));
    try {
      await monitoring.mail('RedisMemoryHigh', 'FIRING');
    } finally {
      await node.config('SET', 'maxmemory', before);
    }
    expect((await monitoring.mail('RedisMemoryHigh', 'RESOLVED')).subject).toContain('critical');
  });

  it.each([
    ['computes all the time', 'processor', 'ProcessCpuHigh', 'warning', ''],
    ['has nearly filled its heap', 'heap', 'HeapHigh', 'critical', SMALL_HEAP],
  ])(
    'a process %s, and when it is well again',
    async (_, trouble, alert, severity, options) => {
      const env = testEnv(app.database.name, { TEST_TROUBLE: trouble, NODE_OPTIONS: `${MISBEHAVE} ${options}` });
      const instance = await (await startProcess('main', env)).ready();
      try {
        monitoring.scrape('api-2', instance.url);
        if (trouble === 'processor') await freeProcessor();
        process.kill(instance.pid, 'SIGUSR2');
        await monitoring.mail(alert, 'FIRING', PATIENCE_MS);
        process.kill(instance.pid, 'SIGUSR2');
        expect((await monitoring.mail(alert, 'RESOLVED', PATIENCE_MS)).subject).toContain(severity);
      } finally {
        monitoring.forget('api-2');
        await instance.stop('SIGTERM');
      }
    },
    5 * PATIENCE_MS,
  );

  it.each<[cause: Labels, held: string[], told: string[]]>([
    [
      { alertname: 'MysqlNoPrimary' },
      [...MYSQL_AS_A_WHOLE, 'ReplicationStopped a', 'FanOutLate', 'JobsFailing', 'TaskStalled'],
      ['ReplicaLag a', 'PoolExhausted a', 'BreakerOpen a', 'RedisMemoryHigh', 'ApiDown'],
    ],
    [
      { alertname: 'MysqlDown', node: 'a' },
      ['ReplicaLag a', 'ReplicationStopped a', 'PoolExhausted a'],
      [
        ...MYSQL_AS_A_WHOLE,
        'ReplicaLag b',
        'ReplicationStopped b',
        'PoolExhausted b',
        'LatencyBurnFast',
        'FanOutLate',
        'JobsFailing',
        'TaskStalled',
      ],
    ],
    [{ alertname: 'MysqlDown', node: 'a' }, [], ['MysqlNoPrimary']],
    [
      { alertname: 'RedisClusterBroken' },
      ['BreakerOpen a', 'LatencyBurnFast', 'FanOutBacklog', 'FanOutLate', 'JobsFailing', 'TaskStalled'],
      [...MYSQL_AS_A_WHOLE, 'PoolExhausted a'],
    ],
    [
      { alertname: 'RedisDown', node: 'a' },
      ['BreakerOpen a'],
      ['BreakerOpen b', 'HighErrorRate', 'LatencyBurnFast', 'FanOutLate', 'JobsFailing', 'TaskStalled'],
    ],
    [{ alertname: 'RedisDown', node: 'a' }, [], ['RedisClusterBroken']],
    [
      { alertname: 'WorkerDown' },
      [],
      ['FanOutBacklog', 'FanOutLate', 'JobsFailing', 'CountFlushStalled', 'TaskStalled'],
    ],
    [{ alertname: 'ApiDown' }, [], ['HighErrorRate', 'AvailabilityBurnFast', 'LatencyBurnFast']],
    [
      { alertname: 'LatencyBurnFast', severity: 'critical', slo: 'latency' },
      ['LatencyBurnSlow'],
      ['AvailabilityBurnSlow'],
    ],
  ])('%j holds back what follows from it, and nothing else', async (cause, held, told) => {
    const consequences = [...held, ...told].map((alert) => labelsOf(alert));
    expect(namesOf(await monitoring.heldBack([cause, ...consequences, ...WITNESSES]))).toEqual(
      [...held, 'EventLoopLag'].toSorted(),
    );
  });

  it('another machine is busy than the one on which a process is slow', async () => {
    const slow = { ...labelsOf('EventLoopLag'), host: 'another machine' };
    expect(namesOf(await monitoring.heldBack([slow, ...WITNESSES]))).toEqual(['EventLoopLag']);
  });
});

/** Names of alerts with their node, sorted. */
const namesOf = (alerts: Labels[]): string[] =>
  alerts.map(({ alertname, node }) => [alertname, node].filter(Boolean).join(' ')).toSorted();

/** The labels that an alert of the rules has. @param alert its name, and a node's after it */
function labelsOf(alert: string): Labels {
  const [alertname, node] = alert.split(' ');
  const rule = rules.find((each) => each.alert === alertname)!;
  return { ...rule.labels, alertname: alertname!, ...(node !== undefined && { node }) };
}
