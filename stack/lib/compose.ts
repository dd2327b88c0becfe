import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Action, Backend } from './backend.ts';
import { runAtTerminal, runQuietly } from './child.ts';
import { writeMonitoringFiles } from './monitoring-files.ts';
import { ensureBucket } from './object-store.ts';
import { instanceDirectory, root, type InstanceName } from './paths.ts';
import type { Ports } from './ports.ts';
import { step } from './progress.ts';
import { StackError } from './stack-error.ts';
import type { ServiceStatus } from './status.ts';

/** Images may have to be pulled and one built. */
const UP_TIMEOUT_S = 280;
const BUCKET_TRIES = 20;

/** What docker-compose.yml leaves open. */
export function composeVariables(name: InstanceName, ports: Ports): Record<string, string> {
  const variables: Record<string, number> = {
    API: ports.api,
    WORKER: ports.worker,
    MYSQL_PRIMARY: ports.mysqlPrimary,
    MYSQL_REPLICA_1: ports.mysqlReplicas[0],
    MYSQL_REPLICA_2: ports.mysqlReplicas[1],
    OBJECT_STORE: ports.objectStore,
    SMTP: ports.smtp,
    MAIL_PAGE: ports.mailPage,
    PROMETHEUS: ports.prometheus,
    ALERTMANAGER: ports.alertmanager,
    MYSQL_EXPORTER: ports.mysqlExporter,
    REDIS_EXPORTER: ports.redisExporter,
    NODE_EXPORTER: ports.nodeExporter,
    GRAFANA: ports.grafana,
  };
  ports.redis.forEach((port, index) => (variables[`REDIS_${index + 1}`] = port));
  const entries = Object.entries(variables).map(([key, port]) => [`STACK_${key}_PORT`, String(port)]);
  return {
    ...Object.fromEntries(entries),
    STACK_EXTRA_SQL: name === 'test' ? '/stack/mysql/test/schemas.sql' : '',
    STACK_INSTANCE: instanceDirectory(name),
  };
}

const COMMANDS: Record<Action, string[]> = {
  kill: ['kill', '--signal', 'SIGKILL'],
  stop: ['stop'],
  start: ['up', '--detach', '--wait', '--no-deps'],
  pause: ['pause'],
  resume: ['unpause'],
};

/** Services as containers; a project of its own for every instance of every checkout. */
export class ComposeBackend implements Backend {
  readonly name: InstanceName;
  readonly directory: string;
  readonly ports: Ports;

  constructor(name: InstanceName, ports: Ports) {
    this.name = name;
    this.directory = instanceDirectory(name);
    this.ports = ports;
  }

  async up(): Promise<void> {
    const args = ['up', '--detach', '--build', '--wait', '--wait-timeout', String(UP_TIMEOUT_S)];
    for (const service of ['prometheus', 'alertmanager', 'mysql-exporter']) writeMonitoringFiles(service, this);
    await step('Containers', async () => {
      const code = await runAtTerminal(this.#command(args), { env: this.#env });
      if (code !== 0) {
        throw new StackError('The containers did not all come up; the messages of Compose are above', {
          advice: `Their logs: docker compose -p ${this.#project} logs. STACK=native runs the services without Docker.`,
        });
      }
    });
    await step('Bucket', () => this.#makeBucket());
  }

  stop(): Promise<void> {
    return this.#run(['stop']);
  }

  async deleteData(): Promise<void> {
    await this.#run(['down', '--volumes']);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async status(): Promise<ServiceStatus[]> {
    const { stdout } = await this.#output(['ps', '--all', '--format', '{{.Service}}\t{{.State}}\t{{.Health}}']);
    const found = new Map(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\t'))
        .map(([service, state, health]) => [service!, state === 'running' && health !== '' ? health! : state!]),
    );
    const { stdout: services } = await this.#output(['config', '--services']);
    return services
      .trim()
      .split('\n')
      .sort((a, b) => a.localeCompare(b))
      .map((service) => {
        const isUp = found.get(service) === 'healthy';
        const state = isUp ? 'up' : (found.get(service) ?? 'down');
        return { service, ports: '', pid: '', rssMegabytes: 0, state, isUp };
      });
  }

  act(service: string, action: Action): Promise<void> {
    return this.#run([...COMMANDS[action], service]);
  }

  /** A port is published a moment before the container behind it listens. */
  async #makeBucket(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await ensureBucket(this.ports);
      } catch (error) {
        if (tries === BUCKET_TRIES) throw error;
        await delay(250);
      }
    }
  }

  async #run(args: readonly string[]): Promise<void> {
    await this.#output(args);
  }

  async #output(args: readonly string[]): Promise<{ stdout: string }> {
    const { code, output } = await runQuietly(this.#command(args), this.#env);
    if (code !== 0) throw new StackError(`docker compose ${args[0]} failed: ${output.trim()}`);
    return { stdout: output };
  }

  #command(args: readonly string[]): string[] {
    return ['docker', 'compose', '--project-directory', root, '-p', this.#project, ...args];
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, ...composeVariables(this.name, this.ports) };
  }

  get #project(): string {
    return `sns-${this.name}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
  }
}
