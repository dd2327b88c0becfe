import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Monitoring } from '../support/monitoring.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import { everyRoute } from '../support/traffic.js';

const DASHBOARDS = join(import.meta.dirname, '../../grafana/dashboards');

interface Dashboard {
  title: string;
  uid: string;
  panels: { title: string; targets: { expr: string }[] }[];
}

const dashboards = readdirSync(DASHBOARDS).map(
  (file) => JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')) as Dashboard,
);
const queries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) => panel.targets.map(({ expr }) => [title, panel.title, expr] as const)),
);

describe('Dashboards', () => {
  let app: TestApp;
  let monitoring: Monitoring;

  beforeAll(async () => {
    app = await TestApp.start({ env: { FEED_AUDIT_INTERVAL: '500ms' } });
    monitoring = await Monitoring.start({ api: app.api.url, worker: app.workerUrl });
    await everyRoute(app);
    await until(() => monitoring.value('up{job="api"} == 1 and on () up{job="worker"} == 1'), {
      what: 'both to be scraped',
    });
    await everyRoute(app);
    await until(() => monitoring.value('min(up) == 1'), { what: 'every target to be scraped' });
  });
  afterAll(async () => {
    await monitoring?.stop();
    await app?.close();
  });

  it('are six, and every panel has a query', () => {
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(6);
    for (const { panels } of dashboards) for (const panel of panels) expect(panel.targets).toHaveLength(1);
  });

  it('ask for nothing that is an error or has no data', async () => {
    const unanswered = new Map(queries.map(([title, panel, expr]) => [`${title}: ${panel}`, expr]));
    const me = await app.api.register();
    const allAnswered = async () => {
      await me.post(); // rates need what rises between two scrapes
      await me.feed();
      for (const [panel, expr] of unanswered) {
        const values = await monitoring.query(expr.replaceAll('$__rate_interval', '1m'));
        if (values.length > 0 && values.every((value) => !Number.isNaN(value))) unanswered.delete(panel);
      }
      return unanswered.size === 0;
    };
    await until(allAnswered, { what: 'every panel to have data', timeoutMs: 40_000 }).catch(() => undefined);
    expect([...unanswered]).toEqual([]);
  });
});
