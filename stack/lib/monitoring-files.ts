import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { environmentOf } from './environment.ts';
import { root, type InstanceName } from './paths.ts';
import type { Ports } from './ports.ts';
import { quicken } from './quicken.ts';

/** Texts by the name of their file in the service's directory. */
export type Files = Record<string, string>;

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The configuration of a service of monitoring, for one instance: tests wait for seconds where operators wait for minutes. */
export function monitoringFiles(service: string, instance: InstanceName, ports: Ports): Files {
  const tempo = instance === 'test' ? quicken : (text: string) => text;
  const files: Record<string, () => Files> = {
    prometheus: () => ({
      'prometheus.yml': tempo(read('prometheus/prometheus.yml')),
      ...Object.fromEntries(
        readdirSync(join(root, 'prometheus/rules')).map((name) => [
          `rules/${name}`,
          tempo(read(`prometheus/rules/${name}`)),
        ]),
      ),
      ...targets(ports),
      'metrics-token': process.env.METRICS_TOKEN ?? '',
    }),
    alertmanager: () => ({
      'alertmanager.yml': tempo(mailSettings(read('alertmanager/alertmanager.yml'), ports)),
      'smtp-password': smtpPassword(),
    }),
    'mysql-exporter': () => {
      const { MYSQL_MONITOR_USER: user, MYSQL_MONITOR_PASSWORD: password } = {
        ...environmentOf(ports),
        ...process.env,
      };
      return { 'my.cnf': `[client]\nuser=${user}\npassword=${password}\n` };
    },
  };
  return files[service]?.() ?? {};
}

/** Writes the files into the service's directory. Secrets are among them. */
export function writeMonitoringFiles(
  service: string,
  instance: { name: InstanceName; directory: string; ports: Ports },
): void {
  for (const [file, text] of Object.entries(monitoringFiles(service, instance.name, instance.ports))) {
    const path = join(instance.directory, service, file);
    mkdirSync(dirname(path), { recursive: true });
    // Targets are read again whenever they change: nobody may see half a file. The name of the new one matches no pattern.
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

/** What is scraped, by address. Another instance of the API is another file beside these: `targets/api-2.json`. */
function targets(ports: Ports): Files {
  const address = (port: number | string) => `127.0.0.1:${port}`;
  const plain = (...all: (number | string)[]) => [{ targets: all.map(address), labels: {} }];
  const through = (exporter: number, nodes: number[]) => [
    { targets: nodes.map(address), labels: { __exporter: address(exporter) } },
  ];
  const groups: Record<string, object[]> = {
    api: plain(process.env.API_PORT ?? ports.api),
    worker: plain(process.env.WORKER_PORT ?? ports.worker),
    mysql: through(ports.mysqlExporter, [ports.mysqlPrimary, ...ports.mysqlReplicas]),
    redis: through(ports.redisExporter, ports.redis),
    node: plain(ports.nodeExporter),
    prometheus: plain(ports.prometheus),
    alertmanager: plain(ports.alertmanager),
  };
  return Object.fromEntries(
    Object.entries(groups).map(([job, list]) => [`targets/${job}.json`, JSON.stringify(list, undefined, 2)]),
  );
}

/** How the mails leave where nothing else is set; the development stack sends them to its own sink. */
const MAIL = {
  SMTP_HOST: '127.0.0.1',
  SMTP_USERNAME: '',
  SMTP_REQUIRE_TLS: 'false',
  ALERT_MAIL_FROM: 'alerts@example.test',
  ALERT_MAIL_TO: 'operators@example.test',
  RUNBOOK_BASE_URL: '',
};

function mailSettings(text: string, ports: Ports): string {
  // `.env.example` has these empty: who uncomments a line without filling it in has set nothing.
  const set = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
  const values: Record<string, string | undefined> = { ...MAIL, SMTP_PORT: String(ports.smtp), ...set };
  values.RUNBOOK_BASE_URL = values.RUNBOOK_BASE_URL?.replace(/[^/]$/, '$&/');
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

const smtpPassword = (): string =>
  process.env.SMTP_PASSWORD_FILE
    ? readFileSync(process.env.SMTP_PASSWORD_FILE, 'utf8').trim()
    : (process.env.SMTP_PASSWORD ?? '');
