import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mailSink } from './mail.ts';
import { monitoring } from './monitoring.ts';
import { mysqlServers, type MysqlServer } from './mysql.ts';
import { objectStore } from './object-store.ts';
import { instanceDirectory, type InstanceName } from './paths.ts';
import type { Ports } from './ports.ts';
import { terminate } from './processes.ts';
import { redisNodes } from './redis-cluster.ts';
import { Service } from './service.ts';
import { StackError } from './stack-error.ts';

/** The services of `development` outlive the command that starts them; those of `test` end with it. */
const LIFETIMES = { development: 'detached', test: 'bound' } as const;

const portsFile = (directory: string): string => join(directory, 'ports.json');

/** The ports that the instance was last brought up on. */
export function lastPorts(name: InstanceName): Ports | undefined {
  const file = portsFile(instanceDirectory(name));
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ports) : undefined;
}

/** One set of services: where they are and how each is run. */
export class Instance {
  readonly name: InstanceName;
  readonly directory: string;
  readonly ports: Ports;
  readonly mysql: readonly MysqlServer[];
  readonly services: readonly Service[];

  constructor(name: InstanceName, ports: Ports) {
    this.name = name;
    this.directory = instanceDirectory(name);
    this.ports = ports;
    this.mysql = mysqlServers(name, this.directory, ports);
    this.services = [
      ...this.mysql,
      ...redisNodes(this.directory, ports, lastPorts(name)),
      objectStore(this.directory, ports),
      mailSink(this.directory, ports),
      ...monitoring(name, this.directory, ports),
    ].map((definition) => new Service(definition, LIFETIMES[name]));
  }

  service(name: string): Service {
    const service = this.services.find((candidate) => candidate.name === name);
    if (service === undefined) throw new StackError(`there is no service ${name}`);
    return service;
  }

  /** Notes the ports for the next command. */
  savePorts(): void {
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(portsFile(this.directory), JSON.stringify(this.ports));
  }

  async stop(): Promise<void> {
    await terminate(this.services.flatMap((service) => service.pids));
  }

  /** Deletes the data of services that do not run. */
  deleteData(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
