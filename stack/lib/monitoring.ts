import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { monitoringFiles, writeMonitoringFiles } from './monitoring-files.ts';
import type { InstanceName } from './paths.ts';
import type { Ports } from './ports.ts';
import { programCommand, programsRoot, type Program } from './programs.ts';
import type { ServiceDefinition } from './service.ts';

const CHECK_TIMEOUT_MS = 5_000;
/** What a developer looks back at; and no more than this of the disk. */
const KEPT = ['--storage.tsdb.retention.time=7d', '--storage.tsdb.retention.size=512MB'];
/** Go gives memory back sooner and works with two threads: five programs run on a developer's machine besides the rest. */
const SMALL = { GOGC: '50', GOMAXPROCS: '2' };

export const isMonitoring = (service: string): boolean => /^(prometheus|alertmanager|.*-exporter)$/.test(service);

interface Tool {
  name: string;
  port: number;
  program: Program;
  args: string[];
  /** Answers 200 once it serves. */
  health: string;
}

/** Prometheus, Alertmanager and the exporters of MySQL, Redis and the machine. */
export function monitoring(instance: InstanceName, directory: string, ports: Ports): ServiceDefinition[] {
  const listen = (port: number) => `--web.listen-address=127.0.0.1:${port}`;
  const tools: Tool[] = [
    {
      name: 'mysql-exporter',
      port: ports.mysqlExporter,
      program: 'prometheus-mysqld-exporter',
      args: [
        listen(ports.mysqlExporter),
        '--config.my-cnf=my.cnf',
        '--collect.info_schema.innodb_tablespaces',
        '--collect.binlog_size',
        '--no-collect.info_schema.innodb_cmp',
        '--no-collect.info_schema.innodb_cmpmem',
      ],
      health: '/',
    },
    {
      name: 'redis-exporter',
      port: ports.redisExporter,
      program: 'prometheus-redis-exporter',
      args: [listen(ports.redisExporter), '--redis.addr='],
      health: '/',
    },
    {
      name: 'node-exporter',
      port: ports.nodeExporter,
      program: 'prometheus-node-exporter',
      args: [
        listen(ports.nodeExporter),
        '--collector.disable-defaults',
        ...['cpu', 'filesystem', 'loadavg', 'meminfo'].map((name) => `--collector.${name}`),
      ],
      health: '/',
    },
    {
      name: 'alertmanager',
      port: ports.alertmanager,
      program: 'prometheus-alertmanager',
      args: [
        listen(ports.alertmanager),
        '--config.file=alertmanager.yml',
        '--storage.path=data',
        '--cluster.listen-address=',
      ],
      health: '/-/ready',
    },
    {
      name: 'prometheus',
      port: ports.prometheus,
      program: 'prometheus',
      args: [listen(ports.prometheus), '--config.file=prometheus.yml', '--storage.tsdb.path=data', ...KEPT],
      health: '/-/ready',
    },
  ];
  return tools.map((tool) => definition(instance, directory, ports, tool));
}

function definition(
  instance: InstanceName,
  directory: string,
  ports: Ports,
  { name, port, program, args, health }: Tool,
): ServiceDefinition {
  const home = join(directory, name);
  return {
    name,
    ports: [port],
    directory: home,
    workingDirectory: home,
    environment: SMALL,
    configuration: JSON.stringify(monitoringFiles(name, instance, ports)),
    command: [...programCommand(program), ...args],
    async prepare() {
      mkdirSync(home, { recursive: true });
      writeMonitoringFiles(name, { name: instance, directory, ports });
      if (name === 'alertmanager')
        cpSync(join(programsRoot, 'usr/share/prometheus/alertmanager'), home, { recursive: true });
    },
    async check() {
      const response = await fetch(`http://127.0.0.1:${port}${health}`, {
        signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
    },
  };
}
