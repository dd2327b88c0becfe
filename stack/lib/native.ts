import type { Action, Backend } from './backend.ts';
import { bringUp } from './bring-up.ts';
import { Instance } from './instance.ts';
import type { InstanceName } from './paths.ts';
import type { Ports } from './ports.ts';
import { kill, sendSignal } from './processes.ts';
import type { Service } from './service.ts';
import { statusOf, type ServiceStatus } from './status.ts';

const ACTIONS: Record<Action, (service: Service) => Promise<void>> = {
  kill: (service) => kill(service.pids),
  stop: (service) => service.stop(),
  async start(service) {
    if (service.pids.length === 0) await service.launch();
    await service.waitUntilServing();
  },
  async pause(service) {
    for (const pid of service.pids) sendSignal(pid, 'SIGSTOP');
  },
  async resume(service) {
    for (const pid of service.pids) sendSignal(pid, 'SIGCONT');
  },
};

/** Services as processes of this machine. */
export class NativeBackend implements Backend {
  readonly #instance: Instance;

  constructor(name: InstanceName, ports: Ports) {
    this.#instance = new Instance(name, ports);
  }

  get name(): InstanceName {
    return this.#instance.name;
  }

  get directory(): string {
    return this.#instance.directory;
  }

  get ports(): Ports {
    return this.#instance.ports;
  }

  up(): Promise<void> {
    return bringUp(this.#instance);
  }

  stop(): Promise<void> {
    return this.#instance.stop();
  }

  async deleteData(): Promise<void> {
    this.#instance.deleteData();
  }

  status(): Promise<ServiceStatus[]> {
    return statusOf(this.#instance);
  }

  act(service: string, action: Action): Promise<void> {
    return ACTIONS[action](this.#instance.service(service));
  }
}
